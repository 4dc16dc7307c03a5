/**
 * Invariant: a parameter reaches the server as data. It fits its type or is refused, it is put into an argument and never read by a
 * shell, it cannot be taken for an option, and a secret is in no argument at all, because every user of a server sees those.
 */
import { CallError } from '../../../call/errors.ts';
import type { RemoteCommand } from '../../../ports/remote-host.ts';
import type { CommandSpec, ParameterSpec, ServerSpec, VpsCommand } from '../../../ports/vps.ts';

export interface PreparedCommand {
  readonly command: RemoteCommand;
  readonly timeoutMs: number;
  /** What is written to it: its secrets. */
  readonly stdin?: string;
}

type PlainSpec = Exclude<ParameterSpec, { type: 'secret' }>;
type Named = Extract<VpsCommand, { kind: 'named' }>;

/** Free text is for a look or a repair; what takes longer deserves a name. */
const shellTimeoutMs = 60_000;
const placeholder = /\{([a-z][a-z0-9_]{0,30})\}/g;
/** No argument of one line holds them, and terminals and logs act on them. */
const control = /[\p{Cc}\u2028\u2029]/u;

/** @throws CallError `invalid_input` that says what is expected, `provider_not_configured` for a pattern in ziggie.yaml that is none */
export function prepareCommand(server: ServerSpec, asked: VpsCommand): PreparedCommand {
  if (asked.kind === 'shell') {
    if (asked.text.includes('\0')) throw invalid('The text for the shell holds a NUL character.', 'Leave it out.');
    return { command: { shell: asked.text }, timeoutMs: shellTimeoutMs };
  }
  const spec = Object.hasOwn(server.commands, asked.name) ? server.commands[asked.name] : undefined;
  if (!spec) throw unknownCommand(server, asked.name);
  refuseUnknown(asked, spec);
  const values = plainValues(server, asked, spec);
  const fill = (word: string) => word.replace(placeholder, (all, name: string) => values.get(name) ?? all);
  const [program, ...words] = spec.run;
  const stdin = secretLines(asked, spec);
  return {
    command: { argv: [fill(program), ...words.map(fill)] },
    timeoutMs: spec.timeoutSeconds * 1_000,
    ...(stdin === undefined ? {} : { stdin }),
  };
}

function refuseUnknown({ name, params, secrets }: Named, { parameters }: CommandSpec): void {
  const given = [
    ...Object.keys(params).map((key) => ({ key, isSecret: false })),
    ...Object.keys(secrets).map((key) => ({ key, isSecret: true })),
  ];
  for (const { key, isSecret } of given) {
    const spec = Object.hasOwn(parameters, key) ? parameters[key] : undefined;
    if (!spec) throw invalid(`${name} has no parameter ${JSON.stringify(key.slice(0, 60))}.`, expected(parameters));
    if ((spec.type === 'secret') !== isSecret) {
      throw invalid(
        spec.type === 'secret'
          ? `${key} of ${name} is a secret.`
          : `${key} of ${name} takes no secret: it would be seen in the list of processes.`,
        expected(parameters),
      );
    }
  }
}

/** Values of all parameters that stand in arguments, defaults included. */
function plainValues({ name: server }: ServerSpec, { name, params }: Named, { parameters }: CommandSpec): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [key, spec] of Object.entries(parameters)) {
    if (spec.type === 'secret') continue;
    const given = Object.hasOwn(params, key) ? params[key] : undefined;
    const value = given ?? (spec.default === undefined ? undefined : String(spec.default));
    if (value === undefined) throw invalid(`${name} needs ${key}.`, expected(parameters));
    if (given !== undefined && !fits(given, spec, () => badPattern(server, name, key))) {
      throw invalid(`${JSON.stringify(given.slice(0, 80))} does not fit ${key} of ${name}.`, expected(parameters));
    }
    values.set(key, value);
  }
  return values;
}

function fits(value: string, spec: PlainSpec, bad: () => CallError): boolean {
  if (control.test(value) || !value.isWellFormed()) return false;
  if (spec.type === 'choice') return spec.choices.includes(value);
  if (spec.type === 'integer') {
    return /^(0|-?[1-9]\d{0,14})$/.test(value) && Number(value) >= spec.min && Number(value) <= spec.max;
  }
  let pattern: RegExp;
  try {
    // The group keeps an alternative of the pattern from leaving its anchors.
    pattern = new RegExp(`^(?:${spec.pattern})$`, 'u');
  } catch {
    throw bad();
  }
  // Whatever the pattern says: programs would take it for an option.
  return !value.startsWith('-') && pattern.test(value);
}

/** A line for each secret, in the order of ziggie.yaml. */
function secretLines({ name, secrets }: Named, { parameters }: CommandSpec): string | undefined {
  const keys = Object.keys(parameters).filter((key) => parameters[key]?.type === 'secret');
  if (keys.length === 0) return undefined;
  const values = keys.map((key) => {
    const value = Object.hasOwn(secrets, key) ? secrets[key] : undefined;
    if (value === undefined) throw invalid(`${name} needs ${key}.`, expected(parameters));
    // Alone it may be a key of many lines; among others nobody could tell where it ends.
    if (value.includes('\0') || (keys.length > 1 && /[\r\n]/.test(value))) {
      throw invalid(
        `The secret for ${key} of ${name} holds a line break or NUL.`,
        'Give it to a command that takes no other secret, or store it without.',
      );
    }
    return value;
  });
  return values.map((value) => (value.endsWith('\n') ? value : `${value}\n`)).join('');
}

function expected(parameters: CommandSpec['parameters']): string {
  const each = Object.entries(parameters).map(([name, spec]) => `${name} (${describe(spec)})`);
  return each.length > 0 ? `It takes ${each.join(', ')}.` : 'It takes no parameters.';
}

function describe(spec: ParameterSpec): string {
  if (spec.type === 'secret') return 'a secret, in references as secret://name#field';
  const optional = spec.default === undefined ? '' : `, ${spec.default} by default`;
  if (spec.type === 'choice') return `one of ${spec.choices.join(', ')}${optional}`;
  if (spec.type === 'integer') return `a whole number from ${spec.min} to ${spec.max}${optional}`;
  return `one line that matches ${spec.pattern} and does not begin with a hyphen${optional}`;
}

function unknownCommand({ name, commands }: ServerSpec, asked: string): CallError {
  const known = Object.keys(commands);
  return invalid(
    `${name} has no command ${JSON.stringify(asked.slice(0, 60))}.`,
    known.length > 0
      ? `ziggie.yaml names ${known.join(', ')} for it; anything else goes in shell, which a person must approve.`
      : 'ziggie.yaml names no commands for it (hostinger.servers[].commands); anything goes in shell, which a person must approve.',
  );
}

function badPattern(server: string, command: string, parameter: string): CallError {
  return new CallError(
    'provider_not_configured',
    `The pattern of ${parameter} of the command ${command} of ${server} is no regular expression.`,
    {
      remedy: 'Whoever keeps ziggie.yaml has to correct it; nothing was sent.',
    },
  );
}

function invalid(message: string, remedy: string): CallError {
  return new CallError('invalid_input', message, { remedy });
}
