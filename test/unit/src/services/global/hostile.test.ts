/**
 * An authenticated peer that means harm to global names: it asks, answers and claims whatever it
 * likes. The processes of the victim run on, honest names stay, and what it says of others' names
 * counts for nothing.
 */
import { isAlive } from '../../../../../runtime/index.ts'
import { limits } from '../../../../../src/limits.ts'
import { keyOfName } from '../../../../../src/services/global/name.ts'
import { assert, suite } from '../../../../support/harness.ts'
import { ScriptedPeer } from '../../dist/scripted-peer.ts'
import { Liar } from '../liar.ts'
import { GlobalScene, nth, seed } from './global-scene.ts'

const test = suite('hostile to global names')

const evil = 'evil@10.6.6.6'
const n1 = nth(1)
const server = 'skein.global'

test('malformed messages, a flood of questions, and answers nobody asked for', async () => {
  const scene = await GlobalScene.with(2)
  const pid = await scene.claim(seed, 'sum', 1)
  await scene.known('sum', pid)
  const before = scene.process(seed, server)
  const options = { name: evil, target: seed, flags: ['services'] }
  const peer = await ScriptedPeer.established(scene.cluster, options)
  const key = keyOfName('sum')
  const since = { wallMs: 0, logical: 0 }
  const ask = { tag: 'ask', key, pid: peer.pid(1), since, rank: 0 }
  const bad = [
    null,
    7,
    [],
    {},
    { ...ask, key: 1 },
    { ...ask, key: 'x'.repeat(1_000) },
    { tag: 'x' },
  ]
  for (const body of bad) peer.tell('global', body)
  await scene.cluster.pass(100)
  assert.is(scene.counted(seed, 'skein.global.malformed', { peer: evil }), bad.length)
  for (let n = 0; n < 3_000; n++) {
    peer.tell('global', { ...ask, key: `"${n}` })
    peer.tell('global', { ...ask, tag: 'answer', holds: n % 2 === 0 })
    peer.tell('global', { ...ask, tag: 'answer', pid, rank: limits.globalRankMax, holds: true })
    if (n % 500 === 499) await scene.cluster.pass(10)
  }
  await scene.cluster.pass(1_000)
  assert.is(scene.process(seed, server), before)
  assert.ok(isAlive(scene.node(seed), pid))
  await scene.known('sum', pid)
  await scene.known('another', await scene.claim(n1, 'another', 2))
})

test('it cannot reach the process that settles disputes by its name or pid', async () => {
  const scene = await GlobalScene.with(1)
  const process = scene.process(seed, server)
  const options = { name: evil, target: seed, flags: ['services'] }
  const peer = await ScriptedPeer.established(scene.cluster, options)
  peer.send({ tag: 'exit', from: peer.pid(1), to: process.pid, reason: 'kill' })
  await scene.cluster.pass(1_000)
  assert.is(scene.process(seed, server), process)
})

test('it claims a name as the oldest and does not answer: nobody is stopped for it', async () => {
  const scene = await GlobalScene.with(2)
  const pid = await scene.claim(seed, 'sum', 1)
  await scene.known('sum', pid)
  const liar = await Liar.in(scene)
  const claim = { name: 'sum', pid: liar.peer.pid(1), since: { wallMs: 0, logical: 0 }, rank: 8 }
  await liar.says('skein.global', { [keyOfName('sum')]: claim })
  assert.is(String(scene.holder(seed, 'sum')), String(liar.peer.pid(1)))
  await scene.cluster.until('it is asked again', () => liar.heard('global').length > 1)
  assert.ok(isAlive(scene.node(seed), pid))
  // What it says of another claim than that counts for nothing.
  const { pid: own, since } = claim
  const answer = { tag: 'answer', key: keyOfName('sum'), pid: own, since, holds: true }
  for (const rank of [0, 7, 9]) liar.peer.tell('global', { ...answer, rank })
  liar.peer.tell('global', { ...answer, pid: liar.peer.pid(2), rank: 8 })
  liar.peer.tell('global', { ...answer, since: { wallMs: 1, logical: 0 }, rank: 8 })
  await scene.cluster.pass(1_000)
  assert.ok(isAlive(scene.node(seed), pid))
  liar.peer.connection.close(0, 'gone')
  await scene.known('sum', pid)
  assert.ok(isAlive(scene.node(seed), pid))
})

test('it may win a name, if it was let in: the rule is the same for all', async () => {
  const scene = await GlobalScene.with(2)
  const pid = await scene.claim(seed, 'sum', 1)
  const liar = await Liar.in(scene)
  const claim = { name: 'sum', pid: liar.peer.pid(1), since: { wallMs: 0, logical: 0 }, rank: 0 }
  await liar.says('skein.global', { [keyOfName('sum')]: claim })
  await scene.cluster.until('it is asked', () => liar.heard('global').length > 0)
  const answer = { ...claim, tag: 'answer', key: keyOfName('sum') }
  liar.peer.tell('global', { ...answer, holds: true })
  await scene.cluster.until('the loser is stopped', () => !isAlive(scene.node(seed), pid))
})

test('claims for processes of others, under other keys or of no form are left out', async () => {
  const scene = await GlobalScene.with(2)
  const liar = await Liar.in(scene)
  const good = { name: 'own', pid: liar.peer.pid(1), since: { wallMs: 1, logical: 0 }, rank: 0 }
  const theirs = await scene.claim(n1, 'theirs', 1)
  await scene.known('theirs', theirs)
  await liar.says('skein.global', {
    [keyOfName('own')]: good,
    [keyOfName('stolen')]: { ...good, name: 'stolen', pid: scene.holder(seed, 'theirs') },
    [keyOfName('theirs')]: { ...good, name: 'theirs', pid: scene.holder(seed, 'theirs') },
    [keyOfName('other')]: { ...good, name: 'own' },
    [keyOfName('future')]: { ...good, name: 'future', since: { wallMs: 2 ** 60, logical: 0 } },
    [keyOfName('rank')]: { ...good, name: 'rank', rank: 99 },
    junk: 7,
  })
  const names = ['own', 'stolen', 'other', 'future', 'rank'] as const
  const seen = names.map((name) => String(scene.holder(seed, name)))
  assert.equal(seen, [String(good.pid), ...names.slice(1).map(() => 'undefined')])
  await scene.known('theirs', theirs)
  assert.is(scene.counted(seed, 'skein.global.malformed'), 3)
})

test.run()
