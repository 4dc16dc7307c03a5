import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { isSeq, parseDocument } from 'yaml';
import type { Settings } from './load.ts';
import { ConfigError } from './problem.ts';

/**
 * Adds an approver to ziggie.yaml and keeps its comments.
 * @throws ConfigError when there is one of that name
 */
export function addApprover(settings: Settings, approver: { id: string; publicKey: string }): void {
  const { yamlFile } = settings;
  if (settings.approvers.some(({ id }) => id === approver.id)) {
    throw new ConfigError([
      { file: yamlFile, message: `approver "${approver.id}" is there already`, suggestion: 'remove it first to give it a new key' },
    ]);
  }
  const document = parseDocument(readFileSync(yamlFile, 'utf8'));
  const list = document.get('approvers');
  if (isSeq(list)) {
    list.flow = false;
    list.add(document.createNode(approver));
  } else document.set('approvers', document.createNode([approver]));
  // Whole or not at all: a running server reads this file.
  const temporary = `${yamlFile}.${process.pid}`;
  writeFileSync(temporary, document.toString({ lineWidth: 0 }), { mode: statSync(yamlFile).mode });
  renameSync(temporary, yamlFile);
}
