/**
 * Supervisors used from another place (rules V4, V10 to V15): specs travel as data, every answer is
 * a value, and what comes from elsewhere cannot pass for the end of a child.
 */
import * as assert from 'uvu/assert'
import { isDown, type Pid, type Ref, type Self } from '../../../runtime/index.ts'
import {
  call,
  cast,
  child,
  type DynamicSupervisor,
  dynamicSupervisor,
  genServer,
  reply,
  type Supervisor,
  stop,
  stopServer,
  supervisor,
  template,
} from '../../../stdlib/index.ts'
import { caseOf, type Place, type Topic } from './topic.ts'

type Worker = { calls: { name: () => string }; casts: { crash: () => void } }

const worker = genServer<Worker>('topic.worker')({
  init: (name: string) => (name === 'broken' ? stop('noDisk') : name),
  calls: { name: (name) => reply(name, name) },
  casts: { crash: (name) => stop({ tag: 'crash' }, name) },
})

const tree = supervisor('topic.tree', () => ({
  intensity: 10,
  children: [child(worker, 'a', { id: 'a' })],
}))

const pool = dynamicSupervisor('topic.pool', () => ({
  intensity: 10,
  maxChildren: 2,
  template: template(worker),
}))

const error = (reason: unknown) => ({ tag: 'error', reason })
const ok = { tag: 'ok' }

function grow(self: Self, place: Place): Promise<Ref<Supervisor>> {
  return place.spawnThere<Supervisor, void>(self, tree, undefined)
}

function fill(self: Self, place: Place): Promise<Ref<DynamicSupervisor<string>>> {
  return place.spawnThere<DynamicSupervisor<string>, void>(self, pool, undefined)
}

async function childOf(self: Self, ref: Ref<Supervisor>, id: string): Promise<Ref<Worker>> {
  const info = (await call(self, ref, 'whichChildren')).find((one) => one.id === id)
  if (!info?.pid) throw new Error(`${id} runs`)
  return info.pid
}

async function crash(self: Self, pid: Ref<Worker>): Promise<void> {
  const down = self.monitor(pid)
  cast(self, pid, 'crash')
  assert.equal((await self.receive(isDown(down))).reason, { tag: 'crash' })
}

const answers = caseOf('V14', 'every request is answered with a value', async (self, place) => {
  const ref = await grow(self, place)
  const spec = child(worker, 'b', { id: 'b', restart: 'transient' })
  const started = await call(self, ref, 'startChild', spec)
  const pid: Ref<Worker> | null = started.tag === 'ok' ? started.pid : null
  if (pid === null) throw new Error('it starts')
  assert.is(await call(self, pid, 'name'), 'b')
  const again = await call(self, ref, 'startChild', spec)
  assert.equal(again, error({ tag: 'alreadyStarted', pid }))
  assert.equal(await call(self, ref, 'deleteChild', 'b'), error('running'))
  assert.equal(await call(self, ref, 'terminateChild', 'b'), ok)
  assert.equal(await call(self, ref, 'startChild', spec), error('alreadyPresent'))
  assert.is((await call(self, ref, 'restartChild', 'b')).tag, 'ok')
  assert.equal(await call(self, ref, 'restartChild', 'b'), error('running'))
  assert.equal(await call(self, ref, 'terminateChild', 'b'), ok)
  assert.equal(await call(self, ref, 'deleteChild', 'b'), ok)
  assert.equal(await call(self, ref, 'deleteChild', 'b'), error('notFound'))
  const broken = child(worker, 'broken', { id: 'x' })
  assert.equal(await call(self, ref, 'startChild', broken), error('noDisk'))
  const counts = { specs: 1, active: 1, supervisors: 0, workers: 1 }
  assert.equal(await call(self, ref, 'countChildren'), counts)
})

const refused = caseOf('V4', 'a bad spec is refused by field', async (self, place) => {
  const ref = await grow(self, place)
  const good = child(worker, 'b', { id: 'b' })
  const rows: readonly (readonly [unknown, string])[] = [
    [null, 'spec'],
    [{ ...good, id: 7 }, 'spec.id'],
    [{ ...good, restart: 'often' }, 'spec.restart'],
    [{ ...good, shutdown: -1 }, 'spec.shutdown'],
    [{ ...good, significant: true }, 'spec.significant'],
  ]
  for (const [spec, field] of rows) {
    const result = await call(self, ref, 'startChild', untyped(spec))
    assert.equal([result.tag, Object(result).reason.tag], ['error', 'startSpec'])
    assert.is(Object(result).reason.field, field)
  }
  const unknown = await call(self, ref, 'startChild', { ...good, module: 'topic.nowhere' })
  assert.equal(unknown, error({ tag: 'unknownModule', module: 'topic.nowhere' }))
})

const restarted = caseOf('V5', 'a child that crashes is started again', async (self, place) => {
  const ref = await grow(self, place)
  const before = await childOf(self, ref, 'a')
  await crash(self, before)
  const after = await childOf(self, ref, 'a')
  assert.is.not(after, before)
  assert.is(await call(self, after, 'name'), 'a')
})

const strays = caseOf('V12', 'what only looks like an EXIT is a stray', async (self, place) => {
  const ref = await grow(self, place)
  const before = await childOf(self, ref, 'a')
  self.send(ref, { tag: 'EXIT', from: before, reason: 'broken' })
  self.send(ref, { any: 'message' })
  self.exit(ref, 'not its parent')
  assert.is(await childOf(self, ref, 'a'), before)
})

const ended = caseOf(
  'V11',
  'a supervisor that is stopped takes its children along',
  async (self, place) => {
    const ref = await grow(self, place)
    const down = self.monitor(await childOf(self, ref, 'a'))
    await stopServer(self, ref, 'shutdown')
    assert.is((await self.receive(isDown(down))).reason, 'shutdown')
  },
)

const pooled = caseOf('V15', 'dynamic children come and go by pid', async (self, place) => {
  const ref = await fill(self, place)
  const add = async (arg: string): Promise<Pid> => {
    const started = await call(self, ref, 'startChild', arg)
    if (started.tag !== 'ok' || started.pid === null) throw new Error('it starts')
    return started.pid
  }
  const first: Ref<Worker> = await add('first')
  await crash(self, first)
  const [info] = await call(self, ref, 'whichChildren')
  if (!info?.pid) throw new Error('it runs again')
  assert.is(await call<Worker, 'name'>(self, info.pid, 'name'), 'first', 'the argument is kept')
  const second = await add('second')
  const full = error({ tag: 'maxChildren', max: 2 })
  assert.equal(await call(self, ref, 'startChild', 'third'), full)
  assert.equal(await call(self, ref, 'terminateChild', second), ok)
  assert.equal(await call(self, ref, 'terminateChild', second), ok, 'the dead too')
  assert.equal(await call(self, ref, 'terminateChild', ref), error('notFound'))
  assert.equal(await call(self, ref, 'startChild', 'broken'), error('noDisk'))
  assert.is((await call(self, ref, 'countChildren')).active, 1)
})

/** A spec as one that lies about its type sends it. */
function untyped(spec: unknown): never {
  return spec as never
}

export const supervisors: Topic = {
  subject: 'supervisors',
  modules: [worker, tree, pool],
  cases: [answers, refused, restarted, strays, ended, pooled],
}
