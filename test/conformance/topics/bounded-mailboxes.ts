/** Bounded mailboxes between two places (rules B1 to B3; OTP has none). */
import * as assert from 'uvu/assert'
import {
  Exit,
  isDown,
  type MailboxOptions,
  type Pid,
  process,
  processInfo,
  type Ref,
  type Self,
  spawn,
} from '../../../runtime/index.ts'
import { call } from '../../../stdlib/index.ts'
import { caseOf, type Place, type Topic } from './topic.ts'

/** Reads nothing, ever. */
const hoarder = process('topic.hoarder', (self) => self.wait(new Promise(() => undefined)))

type KeeperArg = { readonly boss: Pid; readonly mailbox: MailboxOptions }

/** Starts a hoarder with a bound, and says how full it is each time it is asked. */
const keeper = process('topic.hoardKeeper', async (self, { boss, mailbox }: KeeperArg) => {
  const pid = spawn(self, hoarder, undefined, { mailbox })
  self.send(boss, { hoarder: pid })
  while ((await self.receive()) === 'count') {
    const info = processInfo(self, pid)
    self.send(boss, { counts: [info?.messageQueueLength, info?.messagesDropped] })
  }
})

type Scene = { readonly keeper: Pid; readonly hoarder: Ref<{ calls: { get: () => null } }> }

async function sceneOf(self: Self, place: Place, mailbox: MailboxOptions): Promise<Scene> {
  const by = await place.spawnThere(self, keeper, { boss: self.pid, mailbox })
  return { keeper: by, hoarder: (await self.receive(isHoarder)).hoarder }
}

function isHoarder(message: unknown): message is { readonly hoarder: Scene['hoarder'] } {
  return typeof message === 'object' && message !== null && 'hoarder' in message
}

/** Waiting and dropped messages once all that the caller has sent is there. */
async function counts(self: Self, { keeper: by }: Scene): Promise<unknown> {
  self.send(by, 'count')
  const message = await self.receive()
  return typeof message === 'object' && message !== null && 'counts' in message && message.counts
}

async function reasonOf(failing: Promise<unknown>): Promise<unknown> {
  return failing.catch((error: unknown) => (error instanceof Exit ? error.reason : error))
}

const dropped = caseOf('B1', 'dropNewest: dropped and counted', async (self, place) => {
  const scene = await sceneOf(self, place, { max: 3, overflow: 'dropNewest' })
  for (let n = 0; n < 10; n++) self.send(scene.hoarder, n)
  assert.equal(await counts(self, scene), [3, 7])
  assert.is(await reasonOf(call(self, scene.hoarder, 'get')), 'overloaded')
})

const refused = caseOf('B2', 'fail: a call is refused with overloaded', async (self, place) => {
  const scene = await sceneOf(self, place, { max: 3, overflow: 'fail' })
  for (let n = 0; n < 3; n++) self.send(scene.hoarder, n)
  assert.is(await reasonOf(call(self, scene.hoarder, 'get')), 'overloaded')
  for (let n = 0; n < 20; n++) self.send(scene.hoarder, n)
  assert.equal(await counts(self, scene), [12, 11])
})

const bounded = caseOf('B3', 'suspend: bounded for senders elsewhere too', async (self, place) => {
  const scene = await sceneOf(self, place, { max: 50, overflow: 'suspend' })
  for (let n = 0; n < 49; n++) self.send(scene.hoarder, n)
  assert.equal(await counts(self, scene), [49, 0])
  // Here this sender would be held from now on until there is room: the signal makes some.
  const down = self.monitor(scene.hoarder)
  for (let n = 0; n < 300; n++) self.send(scene.hoarder, n)
  self.exit(scene.hoarder, 'kill')
  assert.is((await self.receive(isDown(down))).reason, 'killed')
  assert.equal(await counts(self, scene), [undefined, undefined])
})

export const boundedMailboxes: Topic = {
  subject: 'bounded mailboxes',
  modules: [keeper],
  cases: [dropped, refused, bounded],
}
