/** Each ban fires where it should, names the replacement, and spares what only looks alike. */
import { assert, suite } from '../support/harness.ts'
import { bannedRule } from './banned.ts'
import { findings } from './planted.ts'

const test = suite('tidy banned')

const ambient: readonly (readonly [string, string])[] = [
  ['Date.now()', 'Date.now: use clock.now()'],
  ['new Date()', 'new Date(): use clock.now()'],
  ['Math.random()', 'Math.random: use random.unit()'],
  ['performance.now()', 'performance: use clock.now()'],
  ['setTimeout(f, 1)', 'setTimeout: use clock.after(ms, fn)'],
  ['setInterval(f, 1)', 'setInterval: use clock.after(ms, fn)'],
  ['globalThis.setImmediate(f)', 'globalThis.setImmediate: use turn.soon(fn)'],
  ['queueMicrotask(f)', 'queueMicrotask: use turn.soon(fn)'],
  ['process.nextTick(f)', 'process.nextTick: use turn.soon(fn)'],
  ['new AsyncLocalStorage()', 'AsyncLocalStorage: pass `self` explicitly'],
  ['AbortSignal.timeout(1)', 'AbortSignal.timeout: use clock.after(ms, fn)'],
  ['crypto.randomUUID()', 'crypto: use random.unit()'],
  ['console.log(1)', 'console: use the log port'],
]

test('ambient names are banned from product code, with their replacement', () => {
  for (const [code, message] of ambient) {
    const found = findings(bannedRule, { 'src/dist/a.ts': `export const f = () => ${code}` })
    assert.is(found.length, 1, code)
    assert.match(found[0] ?? '', `src/dist/a.ts:1: ${message}`)
  }
})

test('an import of a banned name is seen as well', () => {
  const code = "import { setTimeout as wait } from 'node:timers/promises'"
  assert.match(findings(bannedRule, { 'runtime/a.ts': code })[0] ?? '', 'setTimeout: use')
})

test('ports, tests, comments, strings and members of the same name are spared', () => {
  const spared = {
    'runtime/platform/node.ts': 'export const now = () => performance.now() + Date.now()',
    'src/carrier/quic/socket.ts': 'export const f = () => setTimeout(f, 1)',
    'src/cli/main.ts': "console.log('ready')",
    'test/unit/a.test.ts': 'setTimeout(() => Math.random(), Date.now())',
    'src/dist/a.ts': [
      '// Date.now would step',
      "export const text = 'setTimeout'",
      'export const f = (node: N) => node.console + node.crypto.setTimeout(new Date(5))',
      'export type N = { crypto: X; setTimeout(at: Date): string }',
      'export const made = new Promise<void>((resolve) => resolve())',
    ].join('\n'),
  }
  assert.equal(findings(bannedRule, spared), [])
})

test('any, suppressions and work left undone are banned everywhere', () => {
  const mark = ['TO', 'DO'].join('')
  const planted = {
    'test/a.ts': `const x = y as any\nlet z: any\n// @ts-${'ignore'}\n// @ts-${'expect-error'}`,
    'runtime/b.ts': `// @ts-${'expect-error'}`,
    'docs/c.md': `# C\n\n${mark}: write it`,
  }
  assert.equal(findings(bannedRule, planted), [
    `docs/c.md:3: ${mark}: do it, or open an issue`,
    'runtime/b.ts:1: an expected type error belongs to a test: mend the type instead',
    'test/a.ts:3: a suppressed check: mend the type instead',
    'test/a.ts:1: any: use unknown and narrow it',
    'test/a.ts:2: any: use unknown and narrow it',
  ])
})

test('an any with the reason the linter asks for is spared', () => {
  const reason = '// biome-ignore lint/suspicious/noExplicitAny: existential position'
  assert.equal(findings(bannedRule, { 'runtime/a.ts': `${reason}\ntype Any = Box<any, any>` }), [])
})

test.run()
