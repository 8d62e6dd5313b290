import fc from 'fast-check'
import { hostOf, validateNodeName } from '../../../../src/identity/node-name.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('node name')

const good = [
  'a@b',
  'a@127.0.0.1',
  'node-1_x.y@host.example-1.org',
  '_a@_b',
  '0@0',
  `${'n'.repeat(127)}@${'h'.repeat(127)}`,
]

const bad = [
  '',
  '@',
  'a',
  'a@',
  '@b',
  'a@b@c',
  '.a@b',
  '-a@b',
  'a@.b',
  'a@-b',
  'a b@c',
  'a@b ',
  ' a@b',
  'a@b\n',
  'a@b\0',
  'a/b@c',
  '../a@b',
  'a@../b',
  'a\\b@c',
  'a@[::1]',
  'a@b:1',
  'é@b',
  `${'n'.repeat(128)}@${'h'.repeat(127)}`,
]

for (const name of good) {
  test(`accepts ${JSON.stringify(name.slice(0, 40))}, as text and as bytes`, () => {
    assert.equal(validateNodeName(name), { tag: 'ok', name })
    assert.equal(validateNodeName(new TextEncoder().encode(name)), { tag: 'ok', name })
  })
}

for (const name of bad) {
  test(`refuses ${JSON.stringify(name.slice(0, 40))}, as text and as bytes`, () => {
    for (const form of [name, new TextEncoder().encode(name)]) {
      const result = validateNodeName(form)
      assert.is(result.tag, 'error')
      if (result.tag === 'error') assert.is(result.reason, 'invalidNodeName')
    }
  })
}

test('the message shows what was received, cut short and escaped', () => {
  const result = validateNodeName(`\n${'x'.repeat(100_000)}`)
  assert.is(result.tag, 'error')
  if (result.tag !== 'error') return
  assert.ok(result.message.length < 300)
  assert.not.match(result.message, '\n')
  assert.match(result.message, '"\\nxxx')
})

test('what is neither text nor bytes is refused, not thrown at', () => {
  for (const value of [undefined, null, 7, {}, ['a@b']]) {
    // @ts-expect-error a caller in plain JavaScript
    assert.is(validateNodeName(value).tag, 'error')
  }
})

test('any bytes: never throws, and what passes is safe as a file name', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string()), (name) => {
      const result = validateNodeName(name)
      if (result.tag === 'ok') assert.ok(/^[A-Za-z0-9_.@-]+$/.test(result.name))
    }),
  )
})

test('hostOf is the half after the @', () => {
  assert.is(hostOf('a.b@c.d'), 'c.d')
})

test.run()
