import { z } from 'zod';
import { CallError } from '../../../call/errors.ts';
import type { AskScope, HostingerApi } from '../api/index.ts';
import { type Machine, machine } from './shapes.ts';

export function readMachines(api: HostingerApi, call: AskScope): Promise<Machine[]> {
  return api.ask({ tool: 'VPS_getVirtualMachinesV1' }, z.array(machine), call);
}

/** Undefined when Hostinger knows no such machine. Throws `CallError`. */
export async function findMachine(api: HostingerApi, id: number, call: AskScope): Promise<Machine | undefined> {
  try {
    return await api.ask({ tool: 'VPS_getVirtualMachineDetailsV1', path: { virtualMachineId: id } }, machine, call);
  } catch (error) {
    if (error instanceof CallError && error.code === 'provider_not_found') return undefined;
    throw error;
  }
}

/** @param code the error of a place where the machine should have been */
export function noSuchMachine(id: number, code: 'target_unresolved' | 'provider_not_found'): CallError {
  return new CallError(code, `There is no virtual machine ${id} in the Hostinger account.`, {
    remedy: 'Check the number with instances_list and provider hostinger; of a server in ziggie.yaml, correct its id there.',
  });
}

/** Number of a resolved machine. Throws `provider_not_configured` for a server that only SSH knows. */
export function numberOf({ id, name }: { readonly id: string; readonly name: string }): number {
  if (/^[1-9]\d*$/.test(id)) return Number(id);
  throw new CallError('provider_not_configured', `ziggie.yaml gives server ${name} no id, so that Hostinger cannot be asked for it.`, {
    remedy: `If it is a virtual machine at Hostinger, a person should add its number to ziggie.yaml (hostinger.servers, ${name}, id); instances_list shows it.`,
  });
}
