import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pricedFamilies, pricedRegions, pricesOf, unlikeTheirFamily } from '../../src/costs/price-table.ts';
import { prices } from '../../src/costs/prices.ts';

const cents = (instanceType: string, region: string) => prices.monthlyCents({ provider: 'aws', region, instanceType });

/** Exactly, by whole numbers of millionths of a dollar. */
function monthOf(hour: string): number {
  const [whole = '', part = ''] = hour.split('.');
  const micro = BigInt(whole + part.padEnd(6, '0'));
  return Number((2n * micro * 730n + 10_000n) / 20_000n);
}

/** What AWS asks in us-east-1 for an hour of each size, by its price list of 2026-02-09. */
const listed: Readonly<Record<string, string>> = {
  t2: 'nano 0.0058 micro 0.0116 small 0.023 medium 0.0464 large 0.0928 xlarge 0.1856 2xlarge 0.3712',
  t3: 'nano 0.0052 micro 0.0104 small 0.0208 medium 0.0416 large 0.0832 xlarge 0.1664 2xlarge 0.3328',
  t3a: 'nano 0.0047 micro 0.0094 small 0.0188 medium 0.0376 large 0.0752 xlarge 0.1504 2xlarge 0.3008',
  t4g: 'nano 0.0042 micro 0.0084 small 0.0168 medium 0.0336 large 0.0672 xlarge 0.1344 2xlarge 0.2688',
  m5: 'large 0.096 xlarge 0.192 2xlarge 0.384 4xlarge 0.768 8xlarge 1.536 12xlarge 2.304 16xlarge 3.072 24xlarge 4.608',
  m5a: 'large 0.086 xlarge 0.172 2xlarge 0.344 4xlarge 0.688 8xlarge 1.376 12xlarge 2.064 16xlarge 2.752 24xlarge 4.128',
  m6a: 'large 0.0864 xlarge 0.1728 2xlarge 0.3456 4xlarge 0.6912 8xlarge 1.3824 12xlarge 2.0736 16xlarge 2.7648 24xlarge 4.1472 32xlarge 5.5296 48xlarge 8.2944',
  m6g: 'medium 0.0385 large 0.077 xlarge 0.154 2xlarge 0.308 4xlarge 0.616 8xlarge 1.232 12xlarge 1.848 16xlarge 2.464',
  m6i: 'large 0.096 xlarge 0.192 2xlarge 0.384 4xlarge 0.768 8xlarge 1.536 12xlarge 2.304 16xlarge 3.072 24xlarge 4.608 32xlarge 6.144',
  m7g: 'medium 0.0408 large 0.0816 xlarge 0.1632 2xlarge 0.3264 4xlarge 0.6528 8xlarge 1.3056 12xlarge 1.9584 16xlarge 2.6112',
  m7i: 'large 0.1008 xlarge 0.2016 2xlarge 0.4032 4xlarge 0.8064 8xlarge 1.6128 12xlarge 2.4192 16xlarge 3.2256 24xlarge 4.8384 48xlarge 9.6768',
  c5: 'large 0.085 xlarge 0.17 2xlarge 0.34 4xlarge 0.68 9xlarge 1.53 12xlarge 2.04 18xlarge 3.06 24xlarge 4.08',
  c5a: 'large 0.077 xlarge 0.154 2xlarge 0.308 4xlarge 0.616 8xlarge 1.232 12xlarge 1.848 16xlarge 2.464 24xlarge 3.696',
  c6a: 'large 0.0765 xlarge 0.153 2xlarge 0.306 4xlarge 0.612 8xlarge 1.224 12xlarge 1.836 16xlarge 2.448 24xlarge 3.672 32xlarge 4.896 48xlarge 7.344',
  c6g: 'medium 0.034 large 0.068 xlarge 0.136 2xlarge 0.272 4xlarge 0.544 8xlarge 1.088 12xlarge 1.632 16xlarge 2.176',
  c6i: 'large 0.085 xlarge 0.17 2xlarge 0.34 4xlarge 0.68 8xlarge 1.36 12xlarge 2.04 16xlarge 2.72 24xlarge 4.08 32xlarge 5.44',
  c7g: 'medium 0.0363 large 0.0725 xlarge 0.145 2xlarge 0.29 4xlarge 0.58 8xlarge 1.16 12xlarge 1.74 16xlarge 2.32',
  c7i: 'large 0.08925 xlarge 0.1785 2xlarge 0.357 4xlarge 0.714 8xlarge 1.428 12xlarge 2.142 16xlarge 2.856 24xlarge 4.284 48xlarge 8.568',
  r5: 'large 0.126 xlarge 0.252 2xlarge 0.504 4xlarge 1.008 8xlarge 2.016 12xlarge 3.024 16xlarge 4.032 24xlarge 6.048',
  r6g: 'medium 0.0504 large 0.1008 xlarge 0.2016 2xlarge 0.4032 4xlarge 0.8064 8xlarge 1.6128 12xlarge 2.4192 16xlarge 3.2256',
  r6i: 'large 0.126 xlarge 0.252 2xlarge 0.504 4xlarge 1.008 8xlarge 2.016 12xlarge 3.024 16xlarge 4.032 24xlarge 6.048 32xlarge 8.064',
  r7g: 'medium 0.0536 large 0.1071 xlarge 0.2142 2xlarge 0.4284 4xlarge 0.8568 8xlarge 1.7136 12xlarge 2.5704 16xlarge 3.4272',
  r7i: 'large 0.1323 xlarge 0.2646 2xlarge 0.5292 4xlarge 1.0584 8xlarge 2.1168 12xlarge 3.1752 16xlarge 4.2336 24xlarge 6.3504 48xlarge 12.7008',
};

/** Of other regions, sizes that are not what the table is made of. */
const elsewhere = [
  ['eu-north-1', 't3.micro 0.0108 t3.nano 0.0054 t4g.nano 0.0043 t4g.2xlarge 0.2752 m5.2xlarge 0.408 m6i.2xlarge 0.408 m6i.4xlarge 0.816'],
  [
    'eu-north-1',
    'm7g.medium 0.0434 m7g.xlarge 0.1734 m7i.large 0.1071 c5.xlarge 0.182 c5a.12xlarge 1.968 c6g.medium 0.0365 c6g.8xlarge 1.168',
  ],
  [
    'eu-north-1',
    'c6i.2xlarge 0.364 c7g.medium 0.0387 c7g.large 0.0774 r5.4xlarge 1.072 r6i.xlarge 0.268 r6g.medium 0.0535 r6g.large 0.107',
  ],
  ['eu-west-1', 't2.nano 0.0063 t2.small 0.025 t2.medium 0.05 t2.large 0.1008 t3.micro 0.0114 t3a.small 0.0204 t4g.small 0.0184'],
  [
    'eu-west-1',
    'c6g.large 0.073 c6g.8xlarge 1.1674 c6i.4xlarge 0.7296 c7g.large 0.0775 c7g.8xlarge 1.2403 m7g.xlarge 0.1819 m7i.large 0.11235',
  ],
  [
    'eu-west-2',
    't2.small 0.026 t2.medium 0.052 t2.2xlarge 0.4224 c7g.8xlarge 1.3738 m7i.large 0.11655 m6i.32xlarge 7.104 r6g.large 0.1184',
  ],
  ['eu-west-3', 't2.medium 0.0528 t3.nano 0.0059 c6g.large 0.081 c7g.medium 0.0429 m6i.24xlarge 5.376 m7g.medium 0.0476 r6g.medium 0.059'],
  [
    'eu-central-1',
    't3.medium 0.048 t3a.nano 0.0054 t4g.micro 0.0096 c7g.large 0.0825 c7g.medium 0.0412 m5.12xlarge 2.76 m7g.medium 0.0489',
  ],
  [
    'us-east-2',
    't2.small 0.023 c7g.large 0.0723 c7g.medium 0.0361 c7g.8xlarge 1.1562 m7i.4xlarge 0.8064 r5.24xlarge 6.048 t4g.xlarge 0.1344',
  ],
  ['us-west-2', 't2.small 0.023 c7g.large 0.0725 c5.xlarge 0.17 m5.12xlarge 2.304 t3a.xlarge 0.1504 r6i.large 0.126 m7g.medium 0.0408'],
  [
    'ca-central-1',
    't2.small 0.0256 t3.medium 0.0464 c7g.medium 0.0395 m7i.large 0.11235 m7g.xlarge 0.1819 c5a.12xlarge 2.016 r5.2xlarge 0.552',
  ],
  [
    'ap-south-1',
    't2.medium 0.0496 t3.nano 0.0056 t4g.small 0.0112 c7g.medium 0.0245 m7i.large 0.10605 m7g.xlarge 0.1166 c6g.medium 0.0213',
  ],
  [
    'ap-southeast-1',
    't2.small 0.0292 t3a.micro 0.0118 c7g.medium 0.0417 c6g.large 0.0784 m7i.8xlarge 2.016 r6g.large 0.1216 c6i.8xlarge 1.568',
  ],
  [
    'ap-southeast-2',
    't2.large 0.1168 c7g.large 0.0944 c6g.medium 0.0444 c5.xlarge 0.222 r6i.xlarge 0.302 r5.2xlarge 0.604 m6i.2xlarge 0.48',
  ],
  [
    'ap-northeast-1',
    't2.xlarge 0.2432 t4g.nano 0.0054 c7g.xlarge 0.1819 c7g.large 0.091 m5.16xlarge 3.968 r5.4xlarge 1.216 c5.xlarge 0.214',
  ],
] as const;

const pairs = (words: string): [string, string][] => {
  const all = words.split(' ');
  return all.flatMap((word, index) => (index % 2 === 0 ? [[word, all[index + 1] ?? '']] : []));
};

describe('the price list', () => {
  it('says its day, and a month of 730 hours rounded once', () => {
    expect(prices.asOf).toMatch(/^20\d\d-[01]\d-[0-3]\d$/);
    expect(Date.parse(prices.asOf)).toBe(Date.parse(pricesOf));
    // 7.884 and 3.796 dollars.
    expect([cents('t3.micro', 'eu-north-1'), cents('t3.nano', 'us-east-1')]).toEqual([788, 380]);
  });

  it.each(Object.entries(listed))('agrees with AWS on every size of %s in us-east-1, and has no other', (family, words) => {
    const sizes = pairs(words);
    for (const [size, hour] of sizes) expect([size, cents(`${family}.${size}`, 'us-east-1')]).toEqual([size, monthOf(hour)]);
    expect(pricedFamilies[family]?.sizes.split(' ')).toEqual(sizes.map(([size]) => size));
  });

  it('has no family that is not checked here', () => {
    expect(Object.keys(listed).sort()).toEqual(Object.keys(pricedFamilies).sort());
  });

  it.each(elsewhere)('agrees with AWS in %s: %s', (region, words) => {
    for (const [type, hour] of pairs(words)) expect([type, cents(type, region)]).toEqual([type, monthOf(hour)]);
  });

  it.each([
    ['a size that the family does not have', 't3.24xlarge', 'eu-north-1'],
    ['a size between two', 'c5.16xlarge', 'eu-north-1'],
    ['bare metal', 'c6g.metal', 'eu-north-1'],
    ['a family that the region does not have', 't2.micro', 'eu-north-1'],
    ['a family that is known of another region only', 'r7g.large', 'eu-north-1'],
    ['a new family', 'm9.large', 'eu-north-1'],
    ['another region', 't3.micro', 'eu-south-9'],
    ['no region', 't3.micro', ''],
    ['no size', 't3', 'eu-north-1'],
    ['too much', 't3.micro.large', 'eu-north-1'],
    ['upper case', 'T3.Micro', 'eu-north-1'],
    ['what every object has', 'constructor.large', 'eu-north-1'],
    ['what every object has as its size', 't3.toString', 'eu-north-1'],
    ['an exception of another region', 't2.small', 'eu-north-1'],
    ['nothing', '', ''],
  ])('does not know %s', (_, instanceType, region) => {
    expect(cents(instanceType, region)).toBeUndefined();
  });

  it('knows nothing of Hostinger', () => {
    expect(prices.monthlyCents({ provider: 'hostinger', region: 'eu-north-1', instanceType: 't3.micro' })).toBeUndefined();
  });

  it('gives whole cents above zero, or nothing, whatever it is asked', () => {
    const type = fc.oneof(
      fc.string(),
      fc.tuple(fc.constantFrom(...Object.keys(pricedFamilies)), fc.string()).map((parts) => parts.join('.')),
    );
    fc.assert(
      fc.property(type, fc.oneof(fc.string(), fc.constantFrom(...pricedRegions)), (instanceType, region) => {
        const known = cents(instanceType, region);
        expect(known === undefined || (Number.isSafeInteger(known) && known > 0)).toBe(true);
      }),
    );
  });

  it('costs more by the size, in every family and region', () => {
    for (const [family, { sizes }] of Object.entries(pricedFamilies)) {
      for (const region of pricedRegions) {
        const known = sizes.split(' ').map((size) => cents(`${family}.${size}`, region));
        if (known[0] === undefined) expect(new Set(known)).toEqual(new Set([undefined]));
        else expect(known).toEqual([...known].sort((a = 0, b = 0) => a - b));
      }
    }
  });

  it('is written without a slip: decimal texts, a place for each region, exceptions close to their family', () => {
    for (const { of16xlarge } of Object.values(pricedFamilies)) {
      expect(of16xlarge).toMatch(/^(-|\d\.\d{1,4})( (-|\d\.\d{1,4}))*$/);
      expect(of16xlarge.split(' ').length).toBeLessThanOrEqual(pricedRegions.length);
    }
    for (const [place, hour] of Object.entries(unlikeTheirFamily)) {
      const [type = '', region = ''] = place.split(' ');
      const larger = cents(type.replace('small', 'large').replace('medium', 'xlarge'), region) ?? 0;
      expect(Math.abs(monthOf(hour) * 4 - larger) / larger).toBeLessThan(0.03);
    }
  });
});
