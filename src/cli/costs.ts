import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { agentOf, type CommonOptions, withServer } from './context.ts';
import { callAs } from './execute.ts';
import { print, printJson } from './output.ts';

interface CostsOptions extends CommonOptions {
  /** Absent: `costs.agent` of the configuration. */
  readonly agent?: string;
  readonly json?: boolean;
}

/** This month so far, as an agent: the same road and the same record as over MCP. */
export async function current(options: CostsOptions): Promise<void> {
  await withServer(options, async (server, settings) => {
    const result = await callAs(
      server,
      agentOf(settings, options.agent ?? settings.costs.agent).id,
      'costs_current',
      {},
      options.json ?? false,
    );
    if (options.json) printJson(result);
    else if (result.ok) print(stringify(result.output));
  });
}

/** Prints a month's report as text, keeps it in a folder with its HTML and CSV, or mails it. */
export async function report(options: CostsOptions & { month?: string; send?: boolean; out?: string }): Promise<void> {
  const { month, send, out, json = false } = options;
  await withServer(options, async (server, settings) => {
    const agent = agentOf(settings, options.agent ?? settings.costs.agent).id;
    const result = await callAs(server, agent, send ? 'costs_send_report' : 'costs_report', month === undefined ? {} : { month }, json);
    if (json) return printJson(result);
    if (!result.ok) return;
    if (send) return print(stringify(result.output));
    const { month: named, text, html, csv } = result.output as Record<'month' | 'text' | 'html' | 'csv', string>;
    print(text);
    if (out === undefined) return;
    const folder = resolve(out);
    await mkdir(folder, { recursive: true });
    for (const [ending, content] of Object.entries({ txt: text, html, csv })) {
      const file = join(folder, `costs-${named}.${ending}`);
      await writeFile(file, content);
      print(file);
    }
  });
}
