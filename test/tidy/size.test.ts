/** Each size is refused one above its bound and accepted at it. */
import { assert, suite } from '../support/harness.ts'
import { findings, product } from './planted.ts'
import { sizeRule } from './size.ts'

const test = suite('tidy size')
const wide = (columns: number): string =>
  `// ${'word '.repeat(columns)}`.slice(0, columns - 1).concat('d')
const lines = (count: number): string => Array(count).fill('  x()').join('\n')

test('a file has at most 400 lines', () => {
  assert.equal(findings(sizeRule, { 'test/a.ts': `${lines(400)}\n` }), [])
  assert.equal(findings(sizeRule, { 'test/a.ts': lines(401) }), [
    'test/a.ts:1: 401 lines, at most 400: split it by idea',
  ])
})

test('a line has at most 100 columns', () => {
  const found = findings(sizeRule, {
    'test/a.ts': `${wide(100)}\n${wide(101)}\n  key: '${'0'.repeat(128)}',`,
  })
  assert.equal(found, ['test/a.ts:2: 101 columns, at most 100'])
})

test('a function of product code has at most 70 lines, however it is written', () => {
  const long = 'a function of 71 lines, at most 70: name its parts'
  const forms: Record<string, (body: string) => string> = {
    'a function': (body) => `export function f(\n${body}\n}`,
    'an arrow function': (body) => `export const f = (a: { b: C }): { d: E } => {\n${body}\n}`,
    'a method': (body) => `export const o = { f() {\n${body}\n} }`,
    'a generator of a class': (body) => `export class K { *f(): Iterable<{ a: B }> {\n${body}\n} }`,
  }
  for (const [name, form] of Object.entries(forms)) {
    const head = name === 'a function' ? ') {\n' : ''
    const body = (count: number): string => head + lines(count - (head === '' ? 0 : 1))
    assert.equal(findings(sizeRule, { 'src/dist/a.ts': product(form(body(68))) }), [], name)
    const found = findings(sizeRule, { 'src/dist/a.ts': product(form(body(69))) })
    assert.equal(found, [`src/dist/a.ts:5: ${long}`], name)
  }
  const object = `export const table = {\n${'  a: 1,\n'.repeat(80)}}`
  assert.equal(findings(sizeRule, { 'src/dist/a.ts': product(object) }), [])
})

test('product code begins by saying what it is', () => {
  const missing = ':1: begin with a comment: what it is, its invariant, its source'
  const found = findings(sizeRule, {
    'runtime/a.ts': 'export const a = 1',
    'runtime/b.ts': '// A line.\nexport const b = 1',
    'runtime/c.ts': product('export const c = 1'),
    'runtime/index.ts': "/** The surface. */\nexport { c } from './c.ts'",
    'test/d.ts': 'export const d = 1',
  })
  assert.equal(found, [`runtime/a.ts${missing}`, `runtime/b.ts${missing}`])
})

test.run()
