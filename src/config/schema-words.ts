import { z } from 'zod';
import { isRegionName } from './rules.ts';

/** Values that several parts of ziggie.yaml have. */

export const regionName = z.string().refine(isRegionName, 'expected an AWS region like eu-north-1');

export const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected lower-case letters, digits and hyphens');

/** Text, quoted: YAML would read 0.10 as a binary fraction. */
export const money = z
  .string('expected an amount in quotes like "100.00"')
  .regex(/^\d{1,12}(\.\d{1,2})?$/, 'expected an amount like "100.00"');

export const isCurrency = (code: string) => Intl.supportedValuesOf('currency').includes(code);
export const currency = z.string().refine(isCurrency, 'expected an ISO 4217 code like USD');

/** A mailbox and nothing else: what a header would read as more is refused. */
export const mailbox = z.email('expected an address like finance@example.com').max(254);
