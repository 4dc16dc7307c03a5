/**
 * On-demand prices of EC2 for Linux, shared tenancy, in US dollars an hour: facts of AWS's public price list, from two catalogues made of
 * it that agree where both have them. Of each family and region several sizes were compared. What could not be confirmed is not here.
 */

/** The day of the figures of us-east-1; those of other regions are of the weeks before it. */
export const pricesOf = '2026-02-09';

export const pricedRegions: readonly string[] = [
  'eu-north-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'eu-central-1',
  'us-east-1',
  'us-east-2',
  'us-west-2',
  'ca-central-1',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'ap-northeast-1',
];

export interface PricedFamily {
  /** Sizes that there are, by name, smallest first; bare metal is priced otherwise, and left out. */
  readonly sizes: string;
  /** What 16xlarge costs, or would: one a region in the order of `pricedRegions`, `-` or nothing where it is not offered or not known. */
  readonly of16xlarge: string;
  /** Decimal places of an hour's price, where they are not four. */
  readonly places?: 5;
}

const small = 'nano micro small medium large xlarge 2xlarge';
const upTo24 = 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge';
const upTo32 = `${upTo24} 32xlarge`;
const upTo48 = `${upTo24} 48xlarge`;
const amd = `${upTo32} 48xlarge`;
const graviton = 'medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge';

// biome-ignore format: a table
export const pricedFamilies: Readonly<Record<string, PricedFamily>> = {
  t2: { sizes: small, of16xlarge: '- 3.2256 3.3792 3.3792 3.4304 2.9696 2.9696 2.9696 3.2768 3.1744 3.7376 3.7376 3.8912' },
  t3: { sizes: small, of16xlarge: '2.7648 2.9184 3.0208 3.0208 3.072 2.6624 2.6624 2.6624 2.9696 2.8672 3.3792 3.3792 3.4816' },
  t3a: { sizes: small, of16xlarge: '- 2.6112 - - 2.7648 2.4064 2.4064 2.4064 - - 3.0208 - -' },
  t4g: { sizes: small, of16xlarge: '2.2016 2.3552 2.4064 2.4064 2.4576 2.1504 2.1504 2.1504 2.3552 1.4336 2.7136 2.7136 2.7648' },
  m5: { sizes: upTo24, of16xlarge: '3.264 3.424 3.552 3.584 3.68 3.072 3.072 3.072 3.424 3.232 3.84 3.84 3.968' },
  m5a: { sizes: upTo24, of16xlarge: '- - - - - 2.752' },
  m6a: { sizes: amd, of16xlarge: '- - - - - 2.7648' },
  m6g: { sizes: graviton, of16xlarge: '- - - - - 2.464' },
  m6i: { sizes: upTo32, of16xlarge: '3.264 3.424 3.552 3.584 3.68 3.072 3.072 3.072 3.424 3.232 3.84 3.84 3.968' },
  m7g: { sizes: graviton, of16xlarge: '2.7744 2.9104 3.0195 3.0464 3.1283 2.6112 2.6112 2.6112 2.9107 1.8662 3.264 3.264 3.3728' },
  m7i: { sizes: upTo48, places: 5, of16xlarge: '3.4272 3.5952 3.7296 3.7632 3.864 3.2256 3.2256 3.2256 3.5952 3.3936 4.032 4.032 4.1664' },
  c5: { sizes: 'large xlarge 2xlarge 4xlarge 9xlarge 12xlarge 18xlarge 24xlarge', of16xlarge: '2.912 3.072 3.232 3.232 3.104 2.72 2.72 2.72 2.976 2.72 3.136 3.552 3.424' },
  c5a: { sizes: upTo24, of16xlarge: '2.624 2.752 2.912 2.912 2.784 2.464 2.464 2.464 2.688 1.504 2.816 3.2 3.072' },
  c6a: { sizes: amd, of16xlarge: '- - - - - 2.448' },
  c6i: { sizes: upTo32, of16xlarge: '2.912 2.9184 3.232 3.232 3.104 2.72 2.72 2.72 2.976 2.72 3.136 3.552 3.424' },
  c6g: { sizes: graviton, of16xlarge: '2.336 2.3347 2.5856 2.592 2.4832 2.176 2.176 2.176 2.3808 1.3632 2.5088 2.8416 2.7392' },
  c7g: { sizes: graviton, of16xlarge: '2.4755 2.4806 2.7475 2.7475 2.6384 2.32 2.3123 2.32 2.5299 1.5706 2.6656 3.0195 2.9107' },
  c7i: { sizes: upTo48, places: 5, of16xlarge: '- - - - - 2.856' },
  r5: { sizes: upTo24, of16xlarge: '4.288 4.512 4.736 4.736 4.864 4.032 4.032 4.032 4.416 4.16 4.864 4.832 4.864' },
  r6i: { sizes: upTo32, of16xlarge: '4.288 4.512 4.736 4.736 4.864 4.032 4.032 4.032 4.416 4.16 4.864 4.832 4.864' },
  r6g: { sizes: graviton, of16xlarge: '3.424 3.6096 3.7888 3.776 3.8912 3.2256 3.2256 3.2256 3.5328 2.08 3.8912 3.8656 3.8912' },
  r7g: { sizes: graviton, of16xlarge: '- - - - - 3.4272' },
  r7i: { sizes: upTo48, places: 5, of16xlarge: '- - - - - 4.2336' },
};

/** Prices an hour that are no share of a larger size's. */
export const unlikeTheirFamily: Readonly<Record<string, string>> = {
  't2.small eu-west-1': '0.025',
  't2.medium eu-west-1': '0.05',
  't2.small eu-west-2': '0.026',
  't2.medium eu-west-2': '0.052',
  't2.small us-east-1': '0.023',
  't2.small us-east-2': '0.023',
  't2.small us-west-2': '0.023',
};
