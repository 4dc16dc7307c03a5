import { z } from 'zod';

/** Input and output fields that tools share, so that a name means the same everywhere. */

export const provider = z.enum(['aws', 'hostinger']);

/** EC2 instance id (`i-` and 8 or 17 hex digits) or a Hostinger virtual machine id. */
export const instanceId = z
  .string()
  .regex(/^(i-[0-9a-f]{8}(?:[0-9a-f]{9})?|[1-9][0-9]{0,15})$/, 'expected an EC2 id like i-0123456789abcdef0 or a Hostinger number')
  .describe('i-… or Hostinger number');

export const region = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]+)+-\d{1,2}$/, 'expected a region like eu-north-1')
  .describe('Default: all configured');

export const account = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected an account name from ziggie.yaml')
  .describe('Account name; default: all');

export const limit = z.int().min(1).max(100).default(25);
export const cursor = z.string().max(2048).optional().describe('nextCursor of the previous page');

export const instanceState = z.enum(['pending', 'running', 'stopping', 'stopped', 'restarting', 'terminating', 'terminated', 'unknown']);
