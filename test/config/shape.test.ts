import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { shape } from '../../src/config/read.ts';
import { ziggieYaml } from '../../src/config/schema.ts';

it('a configuration that was checked by another schema is checked again: write the new shape into src/config/read.ts', () => {
  const json = JSON.stringify(z.toJSONSchema(ziggieYaml, { unrepresentable: 'any', io: 'output' }));
  expect(createHash('sha256').update(json).digest('hex').slice(0, 12)).toBe(shape);
});
