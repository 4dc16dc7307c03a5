import type { GetPromptResult, ListPromptsResult, ReadResourceResult } from '@modelcontextprotocol/server';
import { prompts } from '../prompts/index.ts';
import type { Ask } from './content.ts';
import { readResource } from './resources.ts';
import { CallFailed } from './session.ts';

export function listPrompts(): ListPromptsResult {
  return {
    prompts: prompts.map(({ name, title, description, arguments: args }) => ({
      name,
      title,
      description,
      arguments: args.map(({ name, description, required }) => ({ name, description, required })),
    })),
  };
}

/** When a cloud does not answer, that is the fact: a runbook is read when something is wrong. */
async function readFact(ask: Ask, uri: string): Promise<Pick<ReadResourceResult, 'contents'>> {
  try {
    return await readResource(ask, uri);
  } catch (error) {
    if (!(error instanceof CallFailed) || !/^(provider_|timeout$|circuit_open$)/.test(error.body.code)) throw error;
    return { contents: [{ uri, mimeType: 'application/json', text: JSON.stringify({ error: error.body }) }] };
  }
}

/** A runbook with the live facts beside it, each read over the road and so decided and recorded. */
export async function getPrompt(ask: Ask, name: string, values: Readonly<Record<string, string>>): Promise<GetPromptResult> {
  const prompt = prompts.find((candidate) => candidate.name === name);
  // A name that nothing stands behind fails on the road, and is recorded there.
  const addresses = prompt ? [...prompt.facts(values), `cloud://runbooks/${prompt.name}`] : [`prompt:${name}`];
  const read = await Promise.all(addresses.map((address) => readFact(ask, address)));
  return {
    description: prompt?.description ?? name,
    messages: [
      { role: 'user', content: { type: 'text', text: prompt?.opening(values) ?? '' } },
      ...read.flatMap(({ contents }) =>
        contents.map((resource) => ({ role: 'user' as const, content: { type: 'resource' as const, resource } })),
      ),
    ],
  };
}
