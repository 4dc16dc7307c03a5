import { z } from 'zod';
import type { HostingerApi } from '../../src/providers/hostinger/api/index.ts';
import { newCall } from '../aws/harness.ts';
import type { Fault } from './stub.ts';

/** A read and a change, as tests of the client make them. */

export const anything = z.looseObject({});
export const stop = { tool: 'VPS_stopVirtualMachineV1', path: { virtualMachineId: 1_268_054 } } as const;

export function listing(api: HostingerApi, call = newCall()) {
  return api.ask({ tool: 'VPS_getVirtualMachinesV1' }, z.array(z.looseObject({ id: z.int() })), call);
}

export function stopping(api: HostingerApi, retry: 'natural' | 'never', call = newCall()) {
  return api.change(stop, anything, retry, call);
}

export function status(code: number, body?: unknown, headers?: Record<string, string>): Fault {
  return { kind: 'status', status: code, body, ...(headers ? { headers } : {}) };
}
