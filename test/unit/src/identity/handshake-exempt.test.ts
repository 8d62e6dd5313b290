/** Peers that need not prove a key, in the handshake rule (AUT-20, AUT-21, AUT-24, AMB-14). */
import type { AuthMessage } from '../../../../src/identity/auth-message.ts'
import type { HandshakeEnv } from '../../../../src/identity/handshake.ts'
import { assert, suite } from '../../../support/harness.ts'
import {
  acceptor,
  dialer,
  dialerKeys,
  failureOf,
  helloOf,
  looked,
  message,
  run,
  scripts,
  tagsOf,
} from './handshake-run.ts'

const test = suite('handshake rule, cookie-only peers')

const listing = (env: HandshakeEnv, ...exemptions: string[]): HandshakeEnv => ({
  ...env,
  exemptions,
})
const pinnedPeer = { tag: 'pinned', publicKey: dialerKeys.publicKey } as const
const unreadable = { tag: 'error', reason: 'pinUnreadable', message: 'x' } as const

test('AUT-20 a listed caller without a pin gets a lone OK, in both trust modes', () => {
  for (const mode of ['tofu', 'strict'] as const) {
    for (const pattern of ['a@h', 'a@*', '*@h']) {
      const env = listing(acceptor, 'z@z', pattern)
      const events = [{ tag: 'start' }, message(helloOf(dialer)), { ...looked, mode }] as const
      const { actions } = run(env, events)
      assert.equal(tagsOf(actions), ['lookup', 'ok', 'exempt'])
      assert.equal(actions.at(-1), { tag: 'exempt', name: 'a@h' })
    }
  }
})

test('AMB-14 a listed caller that has a pin, or may have one, must prove its key', () => {
  const env = listing(acceptor, 'a@h')
  const events = [{ tag: 'start' }, message(helloOf(dialer))] as const
  const known = run(env, [...events, { ...looked, lookup: pinnedPeer }])
  assert.equal(tagsOf(known.actions), ['lookup', 'hello', 'challenge'])
  const damaged = run(env, [...events, { ...looked, lookup: unreadable }])
  assert.is(failureOf(damaged), 'pinUnreadable')
})

test('a listed caller that takes our own name must prove our own key', () => {
  const env = listing(acceptor, '*@h')
  const mirror = { ...helloOf(dialer), name: acceptor.selfName } as AuthMessage
  const result = run(env, [{ tag: 'start' }, message(mirror), looked])
  assert.is(failureOf(result), 'keyMismatch')
})

test('AUT-20 the dialer takes a lone OK from a node that it listed, and keeps no key', () => {
  const env = listing(dialer, 'b@*')
  const { actions } = run(env, [{ tag: 'start' }, message({ tag: 'ok' }), looked])
  assert.equal(tagsOf(actions), ['hello', 'challenge', 'lookup', 'exempt'])
  assert.equal(actions.at(-1), { tag: 'exempt', name: 'b@h' })
})

test('the end of the stream may overtake the answer about the pin', () => {
  const env = listing(dialer, 'b@h')
  const { actions } = run(env, [
    { tag: 'start' },
    message({ tag: 'ok' }),
    { tag: 'streamEnded' },
    looked,
  ])
  assert.is(actions.at(-1)?.tag, 'exempt')
})

for (const [what, exemptions, lookup] of [
  ['that it did not list', [], { tag: 'notPinned' }],
  ['when it listed others only', ['c@h', 'b@x', 'a@*'], { tag: 'notPinned' }],
  ['that it pinned', ['b@h'], pinnedPeer],
  ['whose pin cannot be read', ['b@h'], unreadable],
] as const) {
  test(`AUT-21 a lone OK from a node ${what}: unexpectedAuthOk`, () => {
    const env = listing(dialer, ...exemptions)
    const result = run(env, [
      { tag: 'start' },
      message({ tag: 'ok' }),
      { tag: 'looked', lookup, mode: 'tofu' },
    ])
    assert.is(failureOf(result), 'unexpectedAuthOk')
  })
}

test('AUT-21 a node that only the dialer listed proves its key, and wants ours', () => {
  const env = listing(dialer, 'b@h')
  const { actions } = run(env, scripts[0].events)
  assert.equal(tagsOf(actions), scripts[0].sends)
})

test('a lone OK is for the dialer only, and only as the first word', () => {
  const env = listing(acceptor, '*@h')
  assert.is(failureOf(run(env, [{ tag: 'start' }, message({ tag: 'ok' })])), 'unexpectedMessage')
  for (let at = 2; at < 4; at++) {
    const events = [...scripts[0].events.slice(0, at), message({ tag: 'ok' })]
    assert.is(failureOf(run(listing(dialer, 'b@h'), events)), 'unexpectedMessage')
  }
})

test('AUT-24 with everybody exempt pins are not asked', () => {
  const lookup = pinnedPeer
  const everybody = { exemptions: 'everybody' } as const
  const events = [{ tag: 'start' }, message(helloOf(dialer)), { ...looked, lookup }] as const
  assert.equal(tagsOf(run({ ...acceptor, ...everybody }, events).actions).at(-1), 'exempt')
  const answered = [{ tag: 'start' }, message({ tag: 'ok' }), { ...looked, lookup }] as const
  assert.equal(tagsOf(run({ ...dialer, ...everybody }, answered).actions).at(-1), 'exempt')
})

test.run()
