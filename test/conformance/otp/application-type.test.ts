/**
 * What the end of an application means for the node (rule K4): all combinations of type and
 * reason, and that a stop that was asked for never counts.
 */
import {
  type LocalNode,
  process,
  type Reason,
  spawn,
  type TraceEvent,
} from '../../../runtime/index.ts'
import {
  type ApplicationType,
  application,
  runningApplications,
  startApplication,
  startLink,
  stopApplication,
} from '../../../stdlib/index.ts'
import { assert, suite } from '../../support/harness.ts'
import { until } from '../../support/until.ts'
import { oneNode } from './one-node.ts'

const test = suite('otp: application types')

type Logged = Extract<TraceEvent, { readonly tag: 'log' }>

/** Ends with the reason it is sent. */
const top = process('top', async (self) => {
  const reason = await self.receive()
  self.exit(self.pid, isReason(reason) ? reason : 'junk')
})

function isReason(message: unknown): message is Reason {
  return typeof message === 'string' || (typeof message === 'object' && message !== null)
}

type Scene = {
  readonly node: LocalNode
  readonly logged: Logged[]
  readonly life: string[]
  /** Whether the node has been stopped. */
  readonly stopped: () => boolean
}

const idle = process('idle', async (self) => {
  await self.receive()
})

const bystander = process('bystander', async (self) => {
  await self.receive()
})

/** A node with two applications, of which the second is of `type`, and a process of neither. */
async function scene(type: ApplicationType): Promise<Scene> {
  const node = oneNode()
  const logged: Logged[] = []
  const life: string[] = []
  let stopped = false
  node.observe((event) => {
    if (event.tag === 'log') logged.push(event)
    if (event.tag === 'exit' && event.module === 'bystander') stopped = true
  })
  spawn(node, bystander)
  const first = application('first', {
    start: (self) => startLink(self, idle),
    stop: () => void life.push('stop first'),
  })
  const shop = application('shop', {
    start: (self) => startLink(self, top),
    stop: () => void life.push('stop shop'),
  })
  await startApplication(node, first)
  await startApplication(node, shop, { type })
  return { node, logged, life, stopped: () => stopped }
}

async function topOf(node: LocalNode) {
  const info = (await runningApplications(node)).find(({ name }) => name === 'shop')
  if (!info?.pid) throw new Error('the application runs')
  return info.pid
}

const reasons: readonly (readonly [string, Reason])[] = [
  ['normal', 'normal'],
  ['shutdown', 'shutdown'],
  ['{ tag: shutdown }', { tag: 'shutdown', detail: 1 }],
  ['an abnormal reason', { tag: 'broken' }],
]

const stops: Readonly<Record<ApplicationType, readonly boolean[]>> = {
  permanent: [true, true, true, true],
  transient: [false, true, true, true],
  temporary: [false, false, false, false],
}

for (const type of ['permanent', 'transient', 'temporary'] as const) {
  for (const [at, [name, reason]] of reasons.entries()) {
    const fatal = stops[type][at] ?? false
    test(`K4 ${type}, ${name}: the node ${fatal ? 'stops' : 'goes on'}`, async () => {
      const { node, logged, life, stopped } = await scene(type)
      const pid = await topOf(node)
      await node.run((self) => void self.send(pid, reason))
      await until('its stop callback has run', () => life.includes('stop shop'))
      if (fatal) {
        await until('the node has stopped', stopped)
        assert.equal(life, ['stop shop', 'stop first'], 'the others were stopped in order')
      } else {
        const running = await runningApplications(node)
        assert.equal(
          running.map((info) => info.name),
          ['first'],
        )
        assert.is(stopped(), false)
      }
      const ended = logged.filter(({ message }) => message === 'application: ended')
      assert.equal(ended[0]?.fields, { application: 'shop', type, reason })
    })
  }

  test(`K4 ${type}: a stop that was asked for never stops the node`, async () => {
    const { node, logged, life, stopped } = await scene(type)
    assert.equal(await stopApplication(node, 'shop'), { tag: 'ok' })
    assert.equal(life, ['stop shop'])
    assert.is(stopped(), false)
    assert.equal((await runningApplications(node)).length, 1)
    assert.ok(logged.every(({ level }) => level === 'info'))
  })
}

test('K4 a permanent application that does not start leaves the node alone', async () => {
  const { node, stopped } = await scene('temporary')
  const broken = application('broken', { start: () => ({ tag: 'error', reason: 'no' }) })
  assert.is((await startApplication(node, broken, { type: 'permanent' })).tag, 'error')
  assert.equal((await runningApplications(node)).length, 2)
  assert.is(stopped(), false)
})

test('K4 a top process that is killed counts as killed', async () => {
  const { node, life, stopped } = await scene('transient')
  const pid = await topOf(node)
  await node.run((self) => void self.exit(pid, 'kill'))
  await until('the node has stopped', stopped)
  assert.equal(life, ['stop shop', 'stop first'])
})

test('K4 the application is told as started and ended', async () => {
  const { node, logged } = await scene('permanent')
  await stopApplication(node, 'shop')
  const told = logged.flatMap(({ message, fields }) =>
    message.startsWith('application') ? [`${message} ${String(fields.application)}`] : [],
  )
  assert.equal(told, [
    'application: started first',
    'application: started shop',
    'application: ended shop',
  ])
})

test.run()
