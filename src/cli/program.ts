import { Command, CommanderError, Option } from 'commander';
import { version } from '../version.ts';
import { CliError, exit } from './output.ts';

/** argv → command. Each command's code loads when it is asked for. */

function command(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .addOption(new Option('--config <dir>', 'configuration folder (default: ZIGGIE_CONFIG, else ./config)'))
    .addOption(new Option('--sandbox', 'use the built-in sandbox cloud; nothing real is touched'));
}

const integer = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new CliError(exit.usage, `"${text}" is not a whole number.`);
  return value;
};

const between = (least: number, most: number) => (text: string) => {
  const value = integer(text);
  if (value < least || value > most) throw new CliError(exit.usage, `${text} is not between ${least} and ${most}.`);
  return value;
};
const port = between(0, 65_535);
const positive = between(1, 100_000);

function build(): Command {
  const program = new Command('ziggie-cloud')
    .description('Safe hands on your clouds for AI agents: typed tools, a policy per agent, a record before every effect.')
    .version(version);

  program.addCommand(
    command('stdio', 'serve MCP over stdio (what an IDE starts)')
      .option('--agent <id>', 'agent to serve (default: ZIGGIE_AGENT)')
      .action(async (options) => (await import('./stdio.ts')).stdio(options)),
  );
  program.addCommand(
    command('serve', 'serve MCP over HTTP')
      .option('--host <address>', 'address to listen on', '127.0.0.1')
      .option('--port <number>', 'port to listen on', port, 8787)
      .action(async (options) => (await import('./serve.ts')).serve(options)),
  );
  program.addCommand(
    command('execute-command', 'make one call as an agent, on the same road as MCP')
      .requiredOption('--agent <id>', 'agent to act as; short names work')
      .requiredOption('--command <name>', 'cloud:<verb> or cloud:<tool_name>')
      .option('--params <json>', 'arguments as a JSON object', '{}')
      .option('--json', 'print one line of JSON')
      .action(async (options) => (await import('./execute.ts')).execute(options)),
  );

  const policy = new Command('policy').description('check, explain, test and compare policies');
  policy.addCommand(command('check', 'validate the policies').action(async (options) => (await import('./policy.ts')).check(options)));
  policy.addCommand(
    command('explain', 'why a call would be allowed or denied')
      .requiredOption('--agent <id>')
      .requiredOption('--tool <name>')
      .option('--input <json>', 'arguments as a JSON object', '{}')
      .option('--target <json>', 'facts of the target, instead of asking the cloud')
      .option('--json', 'print one line of JSON')
      .action(async (options) => (await import('./policy.ts')).explain(options)),
  );
  policy.addCommand(command('test', 'run policy/tests/*.yaml').action(async (options) => (await import('./policy.ts')).test(options)));
  policy.addCommand(
    command('diff', 'which decisions change from one policy folder to another')
      .argument('<old>')
      .argument('<new>')
      .option('--json', 'print one line of JSON')
      .action(async (before, after, options) => (await import('./policy.ts')).diff(before, after, options)),
  );
  program.addCommand(policy);

  const approvals = new Command('approvals').description('see and decide what agents ask approval for');
  approvals.addCommand(
    command('list', 'open requests')
      .option('--all', 'also decided and used ones that have not expired')
      .option('--json', 'print one line of JSON')
      .action(async (options) => (await import('./approvals.ts')).list(options)),
  );
  approvals.addCommand(
    command('show', 'the stored call, as it would run')
      .argument('<id>')
      .action(async (id, options) => (await import('./approvals.ts')).show(id, options)),
  );
  for (const verb of ['approve', 'reject'] as const) {
    approvals.addCommand(
      command(verb, verb === 'approve' ? 'sign exactly this call' : 'refuse this call')
        .argument('<id>')
        .option('--as <approver>', 'approver to decide as (default: the only one with a key here)')
        .option('--key <file>', 'encrypted private key (default: the approver’s own folder)')
        .option('--passphrase-file <file>', 'read the passphrase from a file instead of asking')
        .action(async (id, options) => (await import('./approvals.ts')).decide(verb, id, options)),
    );
  }
  program.addCommand(approvals);

  const approvers = new Command('approvers').description('people who may approve');
  approvers.addCommand(
    command('add', 'make a key pair and add the approver to ziggie.yaml')
      .argument('<id>')
      .option('--key <file>', 'where to write the encrypted private key')
      .option('--passphrase-file <file>', 'read the passphrase from a file instead of asking')
      .action(async (id, options) => (await import('./approvals.ts')).addApproverCommand(id, options)),
  );
  approvers.addCommand(
    command('list', 'known approvers').action(async (options) => (await import('./approvals.ts')).listApprovers(options)),
  );
  program.addCommand(approvers);

  const audit = new Command('audit').description('read and verify the record');
  audit.addCommand(
    command('tail', 'the newest records')
      .option('-n, --lines <number>', 'how many', positive, 20)
      .option('--json', 'records as JSON lines')
      .action(async (options) => (await import('./audit.ts')).tail(options)),
  );
  audit.addCommand(
    command('search', 'records that match')
      .option('--agent <id>')
      .option('--tool <name>')
      .option('--call <id>')
      .addOption(new Option('--phase <phase>').choices(['intent', 'outcome', 'refused']))
      .option('--error <code>')
      .option('--since <time>', 'ISO time')
      .option('--until <time>', 'ISO time')
      .option('--limit <number>', 'at most so many', positive, 100)
      .option('--json', 'records as JSON lines')
      .action(async (options) => (await import('./audit.ts')).search(options)),
  );
  audit.addCommand(
    command('verify', 'hold journal, chain and CloudWatch against each other')
      .option('--offline', 'do not ask CloudWatch')
      .option('--json', 'print one line of JSON')
      .action(async (options) => (await import('./audit.ts')).verify(options)),
  );
  program.addCommand(audit);

  const agents = new Command('agents').description('agents and their tokens');
  agents.addCommand(
    command('list', 'agents and their tokens')
      .option('--json', 'print one line of JSON')
      .action(async (options) => (await import('./agents.ts')).list(options)),
  );
  const token = new Command('token').description('tokens for HTTP');
  token.addCommand(
    command('create', 'make a token; it is shown once')
      .argument('<agent>')
      .option('--json', 'print one line of JSON')
      .action(async (agent, options) => (await import('./agents.ts')).createTokenCommand(agent, options)),
  );
  token.addCommand(
    command('revoke', 'end a token')
      .argument('<token-id>')
      .action(async (id, options) => (await import('./agents.ts')).revoke(id, options)),
  );
  agents.addCommand(token);
  program.addCommand(agents);

  const costs = new Command('costs').description('what both clouds cost');
  costs.addCommand(
    command('current', 'this month so far')
      .option('--agent <id>', 'agent to act as; short names work (default: costs.agent of ziggie.yaml)')
      .option('--json', 'print one line of JSON')
      .action(async (options) => (await import('./costs.ts')).current(options)),
  );
  costs.addCommand(
    command('report', 'a month in one page: as text, into files, or by mail')
      .option('--month <YYYY-MM>', 'default: the last whole month')
      .option('--send', 'mail it to the recipients of ziggie.yaml')
      .option('--out <dir>', 'keep it there as HTML, text and CSV')
      .option('--agent <id>', 'agent to act as; short names work (default: costs.agent of ziggie.yaml)')
      .option('--json', 'print one line of JSON')
      .action(async (options) => (await import('./costs.ts')).report(options)),
  );
  program.addCommand(costs);

  const secrets = new Command('secrets').description('credentials of the server itself');
  secrets.addCommand(
    command('import', 'move HOSTINGER_* credentials from a .env file into Secrets Manager')
      .option('--from <file>', 'file to read (default: .env of the configuration folder)')
      .option('--agent <id>', 'agent to act as; short names work', 'agent-ziggie')
      .option('--with-key', 'store the private key itself instead of the path of its file')
      .action(async (options) => (await import('./secrets.ts')).importSecrets(options)),
  );
  program.addCommand(secrets);

  program.addCommand(
    command('doctor', 'check that everything is in place')
      .option('--json', 'print one line of JSON')
      .option('--trust-host <server>', 'show the host key of a server of ziggie.yaml, and trust it once a person has compared it')
      .option('--fingerprint <SHA256:…>', 'what the console of the server shows, in place of the question')
      .action(async (options) =>
        options.trustHost === undefined
          ? (await import('./doctor.ts')).doctor(options)
          : (await import('./trust-host.ts')).trustHost(options),
      ),
  );
  return program;
}

export async function run(argv: readonly string[]): Promise<void> {
  const program = build();
  const strict = (each: Command): void => {
    each.exitOverride();
    each.commands.forEach(strict);
  };
  strict(program);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end well; everything else that commander says is about usage, and it has said it already.
    throw new CliError(error.exitCode === 0 ? exit.done : exit.usage, '');
  }
}
