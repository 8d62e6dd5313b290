/**
 * What a lost node leaves to do: as much of it as there may be, a bounded piece per turn (fan-out),
 * nothing of it told to the node itself, and no table that keeps what nobody waits for.
 */
import { RemoteReference, systemOf } from '../../../../runtime/kernel.ts'
import { limits } from '../../../../runtime/limits.ts'
import {
  at,
  call,
  callWithin,
  connectNode,
  disconnectNode,
  genServer,
  isExit,
  monitorNode,
  monitorNodes,
  next,
  nodes,
  type Pid,
  process,
  processInfo,
  reply,
  replyTo,
  type Self,
  send,
  spawn,
  spawnAt,
} from '../../../../src/index.ts'
import type { Node } from '../../../../src/node/node.ts'
import { assert, suite } from '../../../support/harness.ts'
import { turn } from '../../../support/until.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import { a, b, c, tablesOf, VirtualCluster } from './virtual-cluster.ts'

const test = suite('a lost node')
const slow = { deadlineMs: 30_000 }

const idle = process('lost.idle', async (self: Self) => {
  for (;;) await self.receive((message) => message === 'end')
})

type Mute = { calls: { ask: () => null; count: () => number } }

/** Never answers `ask`. */
const mute = genServer<Mute>('lost.mute')({
  init: () => 0,
  calls: { ask: (asked) => next(asked + 1), count: (asked) => reply(asked, asked) },
})

const modules = [idle, mute]

type Scene = { readonly cluster: VirtualCluster; readonly near: Node; readonly far: Node }

async function scene(): Promise<Scene> {
  const cluster = new VirtualCluster()
  const near = await cluster.start(a, { modules })
  const far = await cluster.start(b, { modules })
  spawn(far, mute, undefined, { name: 'mute' })
  assert.is(await cluster.drive(connectNode(near, b)), true)
  return { cluster, near, far }
}

/** A process that prepares, says so, and then reads nothing any more. */
function witness(prepare: (self: Self) => void | Promise<void>, ready: () => void) {
  return process('lost.witness', async (self: Self) => {
    await prepare(self)
    ready()
    await self.receive((message) => message === 'end')
  })
}

/** Most messages that came to `pid` in one turn, from the loss of `b` until it has had `all`. */
async function mostPerTurn({ cluster, near }: Scene, pid: Pid, all: number): Promise<number> {
  const count = (): number => processInfo(near, pid)?.messageQueueLength ?? 0
  const before = count()
  disconnectNode(near, b)
  let most = count() - before
  for (let had = count(); had < before + all; had = count()) {
    if (!cluster.world.advance()) throw new Error(`${had - before} of ${all} came`)
    await turn()
    most = Math.max(most, count() - had)
  }
  return most
}

const many = 100_000

const crowds: Readonly<Record<string, (self: Self, far: Pid) => void>> = {
  'monitors of processes': (self, far) => {
    for (let n = 0; n < many; n++) self.monitor(far)
  },
  'monitors of the node': (self) => {
    for (let n = 0; n < many; n++) monitorNode(self, b, true)
  },
  'subscriptions to nodes': (self) => {
    for (let n = 0; n < many; n++) monitorNodes(self, true)
  },
}

for (const [what, crowd] of Object.entries(crowds)) {
  test(
    `100,000 ${what}: a bounded number is told per turn`,
    async () => {
      const set = await scene()
      const { cluster, near } = set
      const target = await cluster.run(near, (self) => spawnAt(self, b, idle))
      let ready = false
      const pid = spawn(
        near,
        witness(
          async (self) => {
            crowd(self, target)
            await self.yield()
          },
          () => {
            ready = true
          },
        ),
      )
      await cluster.until('it is prepared', () => ready)
      await cluster.pass(1_000)
      cluster.crash(b)
      const most = await mostPerTurn(set, pid, many)
      assert.ok(most > 0 && most <= limits.fanOutPerTurn, `${most} in one turn`)
      await cluster.until('it is forgotten', () => tablesOf(near, b).monitors === 0)
    },
    slow,
  )
}

test(
  'what 20,000 processes of the lost node wanted is let go in pieces, and holds nothing',
  async () => {
    const cluster = new VirtualCluster()
    const near = await cluster.start(a, { modules })
    const pid = spawn(near, idle, undefined, { name: 'idle' })
    const peer = await ScriptedPeer.established(cluster, { name: 'far@10.6.6.6', target: a })
    for (let id = 1; id <= 20_000; id++) {
      peer.send({ tag: 'monitor', ref: peer.ref(id), from: peer.pid(id), to: pid })
    }
    const watches = (): number => systemOf(near).peers.get('far@10.6.6.6')?.watches.size ?? 0
    await cluster.until('they are there', () => watches() === 20_000)
    peer.connection.close(0, 'gone')
    await cluster.until('it is noticed', () => nodes(near).length === 0)
    await cluster.until('nobody watches', () => recordOf(near, pid)?.watchers === null)
    const before = nodes(near)
    send(pid, 'end')
    await cluster.pass(1_000)
    assert.equal([nodes(near), before], [[], []])
  },
  slow,
)

function recordOf(node: Node, pid: Pid) {
  const found = systemOf(node).lookup(pid)
  return found.tag === 'local' ? found.process : undefined
}

test('a call that waits for ever goes with its caller, here and there', async () => {
  const { cluster, near, far } = await scene()
  const asking = process('lost.asking', async (self: Self) => {
    await callWithin(self, Number.POSITIVE_INFINITY, at(b, mute, 'mute'), 'ask')
  })
  const pids = Array.from({ length: 10 }, () => spawn(near, asking))
  await cluster.until('they ask', () => tablesOf(far, a).inboundCalls === 10)
  for (const pid of pids) {
    await cluster.run(near, (self) => self.exit(pid, 'kill'))
  }
  await cluster.until('it is forgotten', () => tablesOf(far, a).inboundCalls === 0)
  assert.equal([tablesOf(near, b).calls, systemOf(near).callers.size], [0, 0])
  const asked = cluster.run(near, (self) => call(self, at(b, mute, 'mute'), 'count'))
  assert.is(await asked, 10, 'the server has had them all')
})

test('ends, withdrawals and answers while a node is being given up dial nobody', async () => {
  const { cluster, near, far } = await scene()
  const target = await cluster.run(near, (self) => spawnAt(self, b, idle))
  let answer: () => void = () => undefined
  const late = genServer<{ calls: { ask: () => null } }>('lost.late')({
    init: () => null,
    calls: {
      ask: (state, _, self, from) => {
        answer = () => replyTo(self, from, null)
        return next(state)
      },
    },
  })
  spawn(near, late, undefined, { name: 'late' })
  void far.run((self) => callWithin(self, 60_000, at(a, late, 'late'), 'ask')).catch(() => null)
  const monitors = limits.fanOutPerTurn * 3
  const crowd = process('lost.crowd', async (self: Self) => {
    for (let n = 0; n < monitors; n++) self.monitor(target)
    await self.receive((message) => message === 'end')
  })
  spawn(near, crowd)
  const busy = process('lost.busy', async (self: Self) => {
    self.trapExit(true)
    self.link(target)
    const refs = [self.monitor(target), self.monitor(target)]
    void callWithin(self, 60_000, at(b, mute, 'mute'), 'ask').catch(() => null)
    await self.receive((message) => message === 'withdraw')
    for (const ref of refs) self.demonitor(ref)
    self.unlink(target)
    self.link(target)
    self.unlink(target)
    await self.receive((message) => message === 'end')
  })
  const dying = spawn(near, busy)
  const ending = spawn(near, busy)
  await cluster.until('all is set', () => tablesOf(near, b).calls === 2)
  await cluster.pass(1_000)
  cluster.crash(b)
  disconnectNode(near, b)
  send(dying, 'withdraw')
  await cluster.run(near, (self) => self.exit(ending, 'kill'))
  answer()
  await cluster.pass(60_000)
  assert.equal(nodes(near), [])
  // Only the link that was made again asked for the node, and found nobody.
  assert.is(cluster.logs(a, 'dial failed').length, 1)
})

test('after unlink no EXIT comes, also when its node was lost before', async () => {
  const { cluster, near } = await scene()
  const target = await cluster.run(near, (self) => spawnAt(self, b, idle))
  const heard = await cluster.run(near, async (self) => {
    self.trapExit(true)
    for (let n = 0; n < limits.fanOutPerTurn * 2; n++) {
      spawn(
        self,
        process('lost.linked', async (own: Self) => {
          own.trapExit(true)
          own.link(target)
          own.send(self.pid, 'linked')
          await own.receive((message) => message === 'end')
        }),
      )
    }
    for (let n = 0; n < limits.fanOutPerTurn * 2; n++) await self.receive()
    self.link(target)
    disconnectNode(self, b)
    self.unlink(target)
    return self.receive(isExit(), { timeoutMs: 60_000, otherwise: 'nothing' })
  })
  assert.is(heard, 'nothing')
})

test('nobody can answer a call by guessing its reference', async () => {
  const { cluster, near } = await scene()
  const peer = await ScriptedPeer.established(cluster, { name: 'evil@10.6.6.6', target: a })
  const asking = near.run((self) => callWithin(self, 60_000, at(b, mute, 'mute'), 'ask'))
  asking.catch(() => undefined)
  await cluster.until('it asks', () => tablesOf(near, b).calls === 1)
  const [id] = [...(systemOf(near).peers.get(b)?.calls.keys() ?? [])]
  assert.ok((id ?? 0) > 2 ** 32, `${id} is drawn from a wide range`)
  const mine = { node: a, creation: peer.targetCreation }
  for (let guess = 0; guess < 5_000; guess++) {
    const ref = new RemoteReference({ ...mine, id: guess })
    peer.send({ tag: 'reply', ref, value: 'forged' })
  }
  await cluster.pass(10_000)
  assert.is(tablesOf(near, b).calls, 1, 'it still waits')
  assert.equal(nodes(near).sort(), [b, 'evil@10.6.6.6'], 'a late answer is no offence')
})

test('CALL-3 a process of a third node may answer a call it was handed', async () => {
  const { cluster, near, far } = await scene()
  type Hand = { readonly tag: 'hand'; readonly from: Parameters<typeof replyTo>[1] }
  const isHand = (message: unknown): message is Hand =>
    typeof message === 'object' && message !== null && 'tag' in message && message.tag === 'hand'
  const answerer = process('lost.answerer', async (self: Self) => {
    const { from } = await self.receive(isHand)
    replyTo(self, from, 'from the third')
  })
  const third = await cluster.start(c)
  spawn(third, answerer, undefined, { name: 'answerer' })
  const handing = genServer<{ calls: { ask: () => string } }>('lost.handing')({
    init: () => null,
    calls: {
      ask: (state, _, self, from) => {
        self.send({ tag: 'at', node: c, name: 'answerer' }, { tag: 'hand', from })
        return next(state)
      },
    },
  })
  spawn(far, handing, undefined, { name: 'handing' })
  const answered = await cluster.run(near, (self) => call(self, at(b, handing, 'handing'), 'ask'))
  assert.is(answered, 'from the third')
})

test.run()
