import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { Call } from '../call/call.ts';
import { cleanDeep } from '../call/canonical.ts';
import { parseInput } from '../call/parse.ts';
import { createRedactor } from '../call/redact.ts';
import { resolveTargets } from '../call/resolve.ts';
import { useSecret } from '../call/secret-references.ts';
import type { Settings } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { connectSpend } from '../connect-spend.ts';
import { sampleTarget } from '../policy/entities.ts';
import { diffPolicies } from '../policy/policy-diff.ts';
import { runPolicyTests } from '../policy/policy-tests.ts';
import { checkPolicy, explainDecision, type PolicyWorld } from '../policy/workbench.ts';
import type { Principal, Resolved, Target } from '../ports/domain.ts';
import type { PolicyQuestion } from '../ports/policy.ts';
import { knownIds } from '../server.ts';
import { operations } from '../tools/index.ts';
import { agentOf, type CommonOptions, settingsOf, withServer, withStore } from './context.ts';
import { parseObject } from './execute.ts';
import { CliError, exit, print, printJson, table } from './output.ts';

const textLimit = 2_000;

export async function check(options: CommonOptions): Promise<void> {
  const settings = await settingsOf(options);
  const problems = await checkPolicy(settings.policyFolder, worldOf(settings));
  for (const problem of problems) print(formatProblem(problem));
  if (problems.length > 0)
    throw new CliError(
      exit.configuration,
      `${problems.length} problem${problems.length === 1 ? '' : 's'}; a server would not start with this.`,
    );
  print(`${settings.policyFolder} holds.`);
}

/** Asks about one call: on the live target, or on facts given with --target. */
export async function explain(
  options: CommonOptions & { agent: string; tool: string; input: string; target?: string; json?: boolean },
): Promise<void> {
  const settings = await settingsOf(options);
  const principal = principalOf(settings, options.agent);
  const operation = operations.find(({ name }) => name === options.tool);
  if (!operation) throw new CliError(exit.usage, `There is no tool ${options.tool}.`);
  const { input, dryRun, references } = parseInput(operation, parseObject(options.input, '--input'));
  const { targets, secrets } = options.target
    ? {
        targets: [sampleTarget(operation.entity, parseObject(options.target, '--target') as Partial<Target>)],
        secrets: references.map(({ name }) => sampleTarget('Secret', { id: name } as Partial<Target>)),
      }
    : await withServer(options, async ({ road }) => {
        const call = new Call({ principal, tool: operation.name, input, client: 'cli' }, Date.now(), road.redactor);
        call.operation = operation;
        return resolveTargets(operation, operation.targets(input, principal), references, road.resolvers, call.scope());
      });
  const [target] = targets;
  // What a call would add is asked of the same facts as its decision.
  const addition = target && operation.adds?.(input, target as Resolved);
  const spend = await withStore(options, (store) => connectSpend(settings, store).facts(addition));
  const system = { dryRun, sandbox: settings.sandbox, spend };
  const questions: PolicyQuestion[] = [
    ...targets.map((target: Target) => ({ principal, tool: operation.name, target, input, system })),
    ...secrets.map((target: Target) => ({ principal, tool: useSecret, target, input: { name: target.id, for: operation.name }, system })),
  ];
  const explanations = await Promise.all(questions.map((question) => explainDecision(settings.policyFolder, worldOf(settings), question)));
  // Tags and names are anybody's text.
  const shown = createRedactor().value(cleanDeep(explanations, textLimit)) as typeof explanations;
  if (options.json) return printJson(shown);
  print(shown.map((explanation) => stringify(explanation)).join('---\n'));
}

export async function test(options: CommonOptions): Promise<void> {
  const settings = await settingsOf(options);
  const { results, problems } = await runPolicyTests(
    settings.policyFolder,
    join(settings.policyFolder, 'tests'),
    worldOf(settings),
    settings.agents.map(({ id }) => principalOf(settings, id)),
  );
  for (const problem of problems) print(formatProblem(problem));
  const failed = results.filter(({ passed }) => !passed);
  for (const { file, line, name, expected, actual, policies } of failed) {
    print(`${file}:${line}: ${name}: expected ${expected}, got ${actual} (${policies.join(', ') || 'no policy fits'})`);
  }
  print(`${results.length - failed.length} passed, ${failed.length} failed`);
  if (failed.length + problems.length > 0) throw new CliError(exit.failed, '');
}

export async function diff(before: string, after: string, options: CommonOptions & { json?: boolean }): Promise<void> {
  const settings = await settingsOf(options);
  const principals = settings.agents.map(({ id }) => principalOf(settings, id));
  const changes = await diffPolicies(resolve(before), resolve(after), worldOf(settings), principals);
  if (options.json) return printJson(changes);
  if (changes.length === 0) return print('No decision changes, over agents × tools × sample resources.');
  print(
    table([
      ['AGENT', 'TOOL', 'ON', 'BEFORE', 'AFTER', 'BECAUSE OF'],
      ...changes.map(({ agent, tool, target, before, after, policies }) => [
        agent,
        tool,
        describe(target),
        before,
        after,
        policies.join(', '),
      ]),
    ]),
  );
}

function describe(target: Target): string {
  const tags = Object.entries(target.tags).map(([key, value]) => `${key}=${value}`);
  return `${target.type}${target.type === 'Instance' ? ` ${target.state}` : ''}${tags.length > 0 ? ` ${tags.join(' ')}` : ' untagged'}`;
}

function worldOf(settings: Settings): PolicyWorld {
  return { operations, known: knownIds(settings) };
}

function principalOf(settings: Settings, name: string): Principal {
  const { id, teams, toolsets } = agentOf(settings, name);
  return { kind: 'agent', id, teams, toolsets };
}
