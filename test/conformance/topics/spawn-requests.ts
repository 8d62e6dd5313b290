/** Spawn requests between two places (rules S3 to S5). */
import * as assert from 'uvu/assert'
import {
  abandonSpawn,
  exit,
  isDown,
  isExit,
  isSpawnReply,
  type Pid,
  process,
  type Reference,
  type Self,
  type SpawnReply,
  type SpawnRequestOptions,
  spawnRequest,
} from '../../../runtime/index.ts'
import { at, genServer, next, stop } from '../../../stdlib/index.ts'
import { caseOf, type Place, type Topic } from './topic.ts'

const absent = 'absent@127.0.0.1'

const ending = process('topic.requestEnding', async (_self, { reason }: { reason: string }) =>
  exit(reason),
)

type Boss = { readonly boss: Pid }

/** Says that it is there, and ends when told. */
const waiting = process('topic.requestWaiting', async (self, { boss }: Boss) => {
  self.send(boss, { there: self.pid })
  await self.receive()
})

const refusing = genServer<Record<never, never>>('topic.requestRefusing')({
  init: (_arg: { readonly n: number }) => stop('notToday'),
})
const unlisted = process('topic.requestUnlisted', async () => undefined)
const anybody = genServer<Record<never, never>>('topic.requestAnybody')({ init: () => next(null) })

async function replyOf(self: Self, ref: Reference): Promise<SpawnReply['result']> {
  return (await self.receive(isSpawnReply(ref))).result
}

/** Nothing lies in the mailbox that was sent before the answer to one more request there. */
async function nothingElse(self: Self, place: Place): Promise<void> {
  const last = spawnRequest(self, place.there.name, unlisted, undefined)
  const first = await self.receive()
  assert.ok(isSpawnReply(last)(first), `something was left: ${JSON.stringify(first)}`)
}

const answers = caseOf('S3', 'the answer is a message, with the pid', async (self, place) => {
  const refs = [0, 1, 2].map(() =>
    spawnRequest(self, place.there.name, waiting, { boss: self.pid }),
  )
  for (const ref of refs) {
    const result = await replyOf(self, ref)
    if (result.tag !== 'ok') throw new Error('it should have been spawned')
    await self.receive((message) => isThere(message, result.pid))
    self.send(result.pid, 'end')
  }
  await nothingElse(self, place)
})

function isThere(message: unknown, pid: Pid): boolean {
  return (
    typeof message === 'object' && message !== null && 'there' in message && message.there === pid
  )
}

const errors = caseOf('S3', 'so is an error, whatever went wrong', async (self, place) => {
  const node = place.there.name
  const reasons: (readonly [Reference, unknown])[] = [
    [spawnRequest(self, absent, ending, { reason: 'x' }), 'noconnection'],
    [spawnRequest(self, node, unlisted), { tag: 'unknownModule', module: unlisted.name }],
    [spawnRequest(self, node, refusing, { n: 1 }), 'notToday'],
  ]
  for (const [field, value] of [
    ['color', 'red'],
    ['reply', 'maybe'],
    ['link', 1],
    ['name', 7],
  ] as const) {
    const options = { [field]: value } as SpawnRequestOptions
    const ref = spawnRequest(self, node, ending, { reason: 'x' }, options)
    reasons.push([ref, { tag: 'badOption', option: field }])
  }
  for (const [ref, reason] of reasons) {
    assert.equal(await replyOf(self, ref), { tag: 'error', reason })
  }
})

const monitored = caseOf(
  'S4',
  'the reference is the monitor; the answer precedes the DOWN',
  async (self, place) => {
    for (const reason of ['normal', 'early']) {
      const ref = spawnRequest(self, place.there.name, ending, { reason }, { monitor: true })
      const first = await self.receive()
      assert.ok(isSpawnReply(ref)(first))
      const down = await self.receive(isDown(ref))
      assert.is(down.reason, reason)
      assert.is(first.result.tag === 'ok' && first.result.pid, down.target)
    }
    const arg = { boss: self.pid }
    const ref = spawnRequest(self, place.there.name, waiting, arg, { monitor: true })
    const result = await replyOf(self, ref)
    assert.is(self.demonitor(ref), true)
    if (result.tag === 'ok') self.send(result.pid, 'end')
    await self.receive((message) => result.tag === 'ok' && isThere(message, result.pid))
    await nothingElse(self, place)
  },
)

const failed = caseOf('S4', 'an error leaves no DOWN and no EXIT', async (self, place) => {
  self.trapExit(true)
  const both = { link: true, monitor: true }
  for (const node of [place.there.name, absent]) {
    const ref = spawnRequest(self, node, refusing, { n: 1 }, both)
    assert.is((await replyOf(self, ref)).tag, 'error')
    assert.is(self.demonitor(ref), false)
  }
  await nothingElse(self, place)
})

const filtered = caseOf('S4', 'reply filters the answers', async (self, place) => {
  const node = place.there.name
  const told = async (reply: SpawnRequestOptions['reply'], good: boolean): Promise<string[]> => {
    const options = reply === undefined ? {} : { reply }
    const ref = good
      ? spawnRequest(self, node, ending, { reason: 'x' }, { ...options, monitor: true })
      : spawnRequest(self, node, unlisted, undefined, options)
    // Its DOWN, or the answer to the next, comes after the answer there may have been.
    if (good) await self.receive(isDown(ref))
    else await self.receive(isSpawnReply(spawnRequest(self, node, unlisted)))
    const answer = await self.receive(isSpawnReply(ref), { timeoutMs: 0, otherwise: null })
    return answer === null ? [] : [answer.result.tag]
  }
  assert.equal([await told('yes', true), await told('yes', false)], [['ok'], ['error']])
  assert.equal([await told('no', true), await told('no', false)], [[], []])
  assert.equal([await told('errorOnly', true), await told('errorOnly', false)], [[], ['error']])
  assert.equal([await told('successOnly', true), await told('successOnly', false)], [['ok'], []])
})

const abandoned = caseOf(
  'S5',
  'abandoned: no answer, and a linked child ends so',
  async (self, place) => {
    self.trapExit(true)
    const node = place.there.name
    const options = { link: true, monitor: true, name: 'requests.child' }
    const arg = { boss: self.pid }
    const ref = spawnRequest(self, node, waiting, arg, options)
    const down = self.monitor(at(node, anybody, 'requests.child'))
    assert.is(abandonSpawn(self, ref), true)
    assert.is(abandonSpawn(self, ref), false)
    assert.is((await self.receive(isDown(down))).reason, 'abandoned')
    // It may have begun before it heard.
    await self.receive(isThereAt, { timeoutMs: 0, otherwise: null })
    await nothingElse(self, place)
  },
)

function isThereAt(message: unknown): message is { readonly there: Pid } {
  return typeof message === 'object' && message !== null && 'there' in message
}

const unlinked = caseOf('S5', 'a child without a link lives on', async (self, place) => {
  const ref = spawnRequest(self, place.there.name, waiting, { boss: self.pid })
  assert.is(abandonSpawn(self, ref), true)
  const { there } = await self.receive(isThereAt)
  const down = self.monitor(there)
  self.send(there, 'end')
  assert.is((await self.receive(isDown(down))).reason, 'normal')
  await nothingElse(self, place)
})

const tooLate = caseOf('S5', 'after the answer it is too late', async (self, place) => {
  const ref = spawnRequest(self, place.there.name, ending, { reason: 'x' })
  await replyOf(self, ref)
  assert.is(abandonSpawn(self, ref), false)
  assert.is(abandonSpawn(self, self.monitor(at(place.there.name, anybody, 'nobody'))), false)
})

const bothAtOnce = caseOf(
  'M7',
  'linked and monitored, a child that ends at once shows its reason twice',
  async (self, place) => {
    self.trapExit(true)
    for (const reason of ['normal', 'early', 'kill']) {
      const both = { link: true, monitor: true }
      const ref = spawnRequest(self, place.there.name, ending, { reason }, both)
      const result = await replyOf(self, ref)
      if (result.tag !== 'ok') throw new Error('it should have been spawned')
      assert.is((await self.receive(isExit(result.pid))).reason, reason)
      const down = await self.receive(isDown(ref))
      assert.equal([down.target, down.reason], [result.pid, reason])
    }
    await nothingElse(self, place)
  },
)

const inOrder = caseOf(
  'O1',
  'what is sent after the request finds the process',
  async (self, place) => {
    const node = place.there.name
    for (let round = 0; round < 20; round++) {
      const name = `requests.ordered${round}`
      const ref = spawnRequest(self, node, waiting, { boss: self.pid }, { name, reply: 'no' })
      self.send(at(node, anybody, name), 'end')
      const down = self.monitor(at(node, anybody, name))
      assert.is((await self.receive(isDown(down))).reason, 'normal')
      await self.receive(isThereAt)
      assert.is(self.demonitor(ref), false)
    }
  },
)

export const spawnRequests: Topic = {
  subject: 'spawn requests',
  modules: [ending, waiting, refusing],
  cases: [
    answers,
    errors,
    monitored,
    failed,
    filtered,
    abandoned,
    unlinked,
    tooLate,
    bothAtOnce,
    inOrder,
  ],
}
