import fc from 'fast-check'
import { cookieOnlyFault, isExempt } from '../../../../src/identity/cookie-only.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('cookie-only patterns')

/** AUT-22: pattern, a name, whether it is meant. */
const table = [
  ['probe@h', 'probe@h', true],
  ['probe@h', 'probe@i', false],
  ['probe@h', 'xprobe@h', false],
  ['probe@h', 'probe@h.example', false],
  ['probe@*', 'probe@h', true],
  ['probe@*', 'probe@10.0.0.1', true],
  ['probe@*', 'probe2@h', false],
  ['probe@*', 'Probe@h', false],
  ['*@trusted.local', 'a@trusted.local', true],
  ['*@trusted.local', 'a@nottrusted.local', false],
  ['*@trusted.local', 'a@trusted.local.evil', false],
  ['*@trusted.local', 'a@trustedxlocal', false],
] as const

for (const [pattern, name, meant] of table) {
  test(`AUT-22 ${pattern} ${meant ? 'means' : 'does not mean'} ${name}`, () => {
    assert.is(cookieOnlyFault(pattern), undefined)
    assert.is(isExempt([pattern], name), meant)
    assert.is(isExempt(['other@x', pattern], name), meant)
  })
}

test('an empty list means nobody, everybody means everybody', () => {
  assert.not(isExempt([], 'a@h'))
  assert.ok(isExempt('everybody', 'a@h'))
})

test('what is no pattern is refused in words', () => {
  const bad = ['', '*', '@', 'a', 'a@', '@h', '*@', '@*', 'a*@h', '*a@h', 'a@*.h', 'a@h*', '**@h']
  for (const pattern of [...bad, 'a@b@*', '-a@*', '*@.h', 'a b@*', 7, null, undefined, /a/]) {
    assert.type(cookieOnlyFault(pattern), 'string', String(pattern))
  }
  assert.match(cookieOnlyFault('*@*') ?? '', 'authEnabled')
})

test('nothing in a name works as a pattern', () => {
  const part = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,6}$/)
  fc.assert(
    fc.property(part, part, part, part, (name, host, otherName, otherHost) => {
      const [node, other] = [`${name}@${host}`, `${otherName}@${otherHost}`]
      assert.is(isExempt([node], other), node === other)
      assert.is(isExempt([`${name}@*`], other), name === otherName)
      assert.is(isExempt([`*@${host}`], other), host === otherHost)
    }),
  )
})

test.run()
