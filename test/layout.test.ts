import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Who may import whom (ARCHITECTURE.md). Reads the imports itself. */

const root = join(import.meta.dirname, '../src');
const statement = /(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;

interface Import {
  readonly file: string;
  readonly to: string;
}

const imports: Import[] = globSync('**/*.ts', { cwd: root }).flatMap((file) => {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(statement)].map((match) => {
    const to = match[1] ?? match[2] ?? '';
    return { file, to: to.startsWith('.') ? relative(root, join(root, dirname(file), to)) : to };
  });
});
const from = (prefix: string) => imports.filter(({ file }) => file.startsWith(prefix));
const ours = ({ to }: Import) => /\.ts$/.test(to) && !to.startsWith('..');
const show = (found: Import[]) => found.map(({ file, to }) => `${file} → ${to}`);

describe('imports', () => {
  it('were seen at all', () => {
    expect(imports.length).toBeGreaterThan(200);
    expect(imports.some(({ to }) => to.startsWith('@aws-sdk/'))).toBe(true);
    expect(imports.some(({ to }) => to.startsWith('ports/'))).toBe(true);
  });

  it.each([
    ['ports', /^ports\//],
    ['config', /^config\//],
    ['tools', /^(tools|ports|call\/operation)/],
    ['resources', /^(resources|ports)\//],
    ['prompts', /^(prompts|resources|ports)\//],
    ['call', /^(call|ports)\//],
    ['audit', /^(audit|ports|call\/(errors|canonical))/],
    ['iam', /^(iam|ports|call\/operation)/],
    ['state', /^(state|ports|call\/errors)/],
    ['approvals', /^(approvals|ports|call\/canonical)/],
    ['resilience', /^(resilience|ports|call\/errors)/],
    ['providers', /^(providers|ports|lazily|call\/(errors|canonical|cursor))/],
    ['deploy', /^(deploy|ports|lazily|call\/(errors|canonical))/],
    ['costs', /^(costs|ports|lazily|call\/(errors|canonical|cursor))/],
    ['mail', /^(mail|ports|call\/errors)/],
    ['clouds', /^(clouds|ports|call\/(errors|cursor))/],
    ['policy', /^(policy|ports|call\/(operation|text-limit|advice)|config\/problem)/],
    ['mcp', /^(mcp|call|ports|resources|prompts)\//],
  ])('%s reach only what they may', (folder, allowed) => {
    const found = from(`${folder}/`).filter((each) => ours(each) && !allowed.test(each.to));
    expect(show(found)).toEqual([]);
  });

  it('ports hold no code that runs', () => {
    const running = globSync('ports/*.ts', { cwd: root }).filter((file) =>
      /^(export )?(const|let|function|class|async|enum)\b/m.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(running).toEqual([]);
  });

  it.each([
    [/^@aws-sdk\//, /^providers\/(aws|sandbox)\//],
    [/^@modelcontextprotocol\//, /^mcp\//],
    [/^@cedar-policy\//, /^policy\//],
    [/^opossum$/, /^resilience\//],
    [/^ssh2$/, /^providers\/(hostinger\/ssh|sandbox\/ssh)\//],
    [/^undici$/, /^providers\/(hostinger|sandbox\/hostinger)\//],
    [/^nodemailer/, /^mail\//],
    [/^node:sqlite$/, /^(state|audit)\//],
    [/^commander$/, /^cli\//],
  ])('%s is imported in one place', (module, where) => {
    const users = imports.filter(({ to }) => module.test(to));
    expect(users.length).toBeGreaterThan(0);
    expect(show(users.filter(({ file }) => !where.test(file)))).toEqual([]);
  });

  it('a CommonJS package that is imported late is used by its default: the bundle gives it no other', () => {
    const late = globSync('**/*.ts', { cwd: root }).flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      return [...text.matchAll(/[^\n]*import\('((?:@[\w-]+\/)?[\w-]+)'\)[^\n]*/g)].map(([line, name = '']) => ({ file, line, name }));
    });
    const isCommonJs = (name: string) => {
      const { type, module } = JSON.parse(readFileSync(join(root, '../node_modules', name, 'package.json'), 'utf8'));
      return type !== 'module' && module === undefined;
    };
    const found = late.filter(({ name }) => isCommonJs(name));
    expect(found.map(({ name }) => name)).toEqual(expect.arrayContaining(['ssh2', 'undici', 'tar-stream', 'yazl']));
    expect(found.filter(({ line }) => !/\bdefault\b/.test(line))).toEqual([]);
  });

  it('only the configuration reads the environment', () => {
    const readers = globSync('**/*.ts', { cwd: root }).filter(
      (file) => !file.startsWith('config/') && /process\.env\b/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(readers).toEqual([]);
  });

  it('only the CLI and the stdio transport write to stdout', () => {
    const writers = globSync('**/*.ts', { cwd: root }).filter(
      (file) => !file.startsWith('cli') && /console\.\w|process\.stdout/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(writers).toEqual([]);
  });
});
