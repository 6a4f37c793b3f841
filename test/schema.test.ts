import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { createGenerator } from 'ts-json-schema-generator';
import { ROOT } from './recordings.js';

const SCHEMA = join(ROOT, 'src', 'analysis', 'analysis.schema.json');

/** The JSON Schema of the contract's types, draft 2020-12: the generator writes draft 7, which differs here by two names only. */
function schemaOfTypes(): string {
  const generator = createGenerator({
    path: join(ROOT, 'src', 'analysis', 'contract.ts'),
    tsconfig: join(ROOT, 'tsconfig.json'),
    type: 'Analysis',
    skipTypeCheck: true,
    additionalProperties: false,
  });
  const text = JSON.stringify(generator.createSchema('Analysis'), null, 1)
    .replaceAll('#/definitions/', '#/$defs/')
    .replace('"definitions":', '"$defs":');
  return `${text.replace('http://json-schema.org/draft-07/schema#', 'https://json-schema.org/draft/2020-12/schema')}\n`;
}

/** UPDATE=1 npm test writes the schema anew from the types. */
test('the schema that ships is the one of the types', () => {
  const schema = schemaOfTypes();
  if (process.env['UPDATE'] === '1') writeFileSync(SCHEMA, schema);
  assert.equal(readFileSync(SCHEMA, 'utf8'), schema);
});

let validate: ValidateFunction;
before(() => {
  validate = new Ajv2020({ strict: false, allErrors: true }).compile(JSON.parse(schemaOfTypes()) as object);
});

const goldens = join(ROOT, 'test', 'goldens');
for (const name of readdirSync(goldens).filter((f) => f.endsWith('.json'))) {
  test(`the golden analysis ${name} is valid`, () => {
    const golden: unknown = JSON.parse(readFileSync(join(goldens, name), 'utf8'));
    assert.ok(validate(golden), JSON.stringify(validate.errors?.slice(0, 3)));
  });
}

test('an analysis with a field of another kind is not valid', () => {
  const [first] = readdirSync(goldens);
  const golden = JSON.parse(readFileSync(join(goldens, first as string), 'utf8')) as { window: { from: unknown } };
  golden.window.from = '2026-11-22 10:00';
  assert.equal(validate(golden), false);
});
