/**
 * Running supervisors against lists: any sequence of requests and ends, and every answer and
 * listing is what the list says (rules V5, V14, V15).
 */
import fc from 'fast-check'
import { isDown, isPid, type Pid, type Reason, type Ref, type Self } from '../../runtime/index.ts'
import {
  call,
  cast,
  child,
  dynamicSupervisor,
  genServer,
  type Restart,
  reply,
  type Supervisor,
  start,
  stop,
  stopServer,
  supervisor,
  template,
} from '../../stdlib/index.ts'
import { shouldRestart } from '../../stdlib/supervisor/rule.ts'
import { inProcess } from '../conformance/otp/one-node.ts'
import { assert, suite } from '../support/harness.ts'

const test = suite('property: supervisor requests')

type Worker = { calls: { name: () => string }; casts: { end: (reason: Reason) => void } }

const Worker = genServer<Worker>('worker')({
  init: (name: string) => name,
  calls: { name: (name) => reply(name, name) },
  casts: { end: (name, reason) => stop(reason, name) },
})

const limits = { intensity: 1_000_000 }
const Tree = supervisor('tree', () => ({ ...limits, children: [] }))
const maxChildren = 4
const pools = {
  permanent: poolOf('permanent'),
  transient: poolOf('transient'),
  temporary: poolOf('temporary'),
}

function poolOf(restart: Restart) {
  const children = template(Worker, { restart })
  return dynamicSupervisor(`pool.${restart}`, () => ({
    ...limits,
    maxChildren,
    template: children,
  }))
}

const modules = [Worker, Tree, ...Object.values(pools)]

const restarts = fc.constantFrom<Restart>('permanent', 'transient', 'temporary')
const reasons = fc.constantFrom<Reason>(
  'normal',
  'shutdown',
  { tag: 'shutdown', detail: 1 },
  'boom',
)
const ids = fc.constantFrom('a', 'b', 'c', 'd', 'e')

async function end(self: Self, pid: Ref<Worker>, reason: Reason): Promise<void> {
  const ref = self.monitor(pid)
  cast(self, pid, 'end', reason)
  await self.receive(isDown(ref))
}

type Request =
  | { readonly tag: 'start'; readonly id: string; readonly restart: Restart }
  | { readonly tag: 'restart' | 'terminate' | 'delete'; readonly id: string }
  | { readonly tag: 'end'; readonly id: string; readonly reason: Reason }

const requests: fc.Arbitrary<Request> = fc.oneof(
  fc.record({ tag: fc.constant('start' as const), id: ids, restart: restarts }),
  fc.record({
    tag: fc.constantFrom('restart' as const, 'terminate' as const, 'delete' as const),
    id: ids,
  }),
  fc.record({ tag: fc.constant('end' as const), id: ids, reason: reasons }),
)

type Known = { readonly id: string; readonly restart: Restart; runs: boolean }

/** What the list answers, and what it is afterwards. */
function expected(list: Known[], request: Request): string {
  const at = list.findIndex(({ id }) => id === request.id)
  const known = list[at]
  if (request.tag === 'start') {
    if (known !== undefined) return known.runs ? 'alreadyStarted' : 'alreadyPresent'
    list.push({ id: request.id, restart: request.restart, runs: true })
    return 'ok'
  }
  if (known === undefined) return 'notFound'
  if (request.tag === 'end') {
    if (known.runs && !shouldRestart(known.restart, request.reason)) leave(list, known)
    return 'ok'
  }
  if (request.tag === 'terminate') {
    leave(list, known)
    return 'ok'
  }
  if (known.runs) return 'running'
  if (request.tag === 'restart') known.runs = true
  else list.splice(at, 1)
  return 'ok'
}

function leave(list: Known[], known: Known): void {
  known.runs = false
  if (known.restart === 'temporary') list.splice(list.indexOf(known), 1)
}

type Answer = { readonly tag: 'ok' } | { readonly tag: 'error'; readonly reason: unknown }

function textOf(answer: Answer): string {
  if (answer.tag === 'ok') return 'ok'
  const { reason } = answer
  if (typeof reason !== 'object' || reason === null || !('tag' in reason)) return String(reason)
  return String(reason.tag)
}

test('V14 every answer to a request is what a list of the children says', () =>
  inProcess(async (self) => {
    const ask = async (tree: Pid, request: Request): Promise<string> => {
      const ref: Ref<Supervisor> = tree
      if (request.tag === 'start') {
        const { id, restart } = request
        return textOf(await call(self, ref, 'startChild', child(Worker, id, { id, restart })))
      }
      if (request.tag !== 'end')
        return textOf(await call(self, ref, `${request.tag}Child`, request.id))
      const listed = await call(self, ref, 'whichChildren')
      const known = listed.find(({ id }) => id === request.id)
      if (known === undefined) return 'notFound'
      if (known.pid !== null) await end(self, known.pid, request.reason)
      return 'ok'
    }
    await fc.assert(
      fc.asyncProperty(fc.array(requests, { maxLength: 25 }), async (steps) => {
        const started = await start(self, Tree)
        if (started.tag !== 'ok') throw new Error('it starts')
        const list: Known[] = []
        for (const step of steps) {
          assert.is(await ask(started.pid, step), expected(list, step))
          const listed = await call(self, started.pid, 'whichChildren')
          assert.equal(
            listed.map(({ id, pid }) => ({ id, runs: isPid(pid) })),
            [...list].reverse().map(({ id, runs }) => ({ id, runs })),
          )
        }
        await stopServer(self, started.pid, 'shutdown')
      }),
      { numRuns: 100 },
    )
  }, modules))

type Step =
  | { readonly tag: 'start'; readonly name: string }
  | { readonly tag: 'terminate'; readonly at: number }
  | { readonly tag: 'end'; readonly at: number; readonly reason: Reason }

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ tag: fc.constant('start' as const), name: ids }),
  fc.record({ tag: fc.constant('terminate' as const), at: fc.nat(4) }),
  fc.record({ tag: fc.constant('end' as const), at: fc.nat(4), reason: reasons }),
)

test('V15 a dynamic supervisor is a list of the arguments of its children', () =>
  inProcess(async (self) => {
    await fc.assert(
      fc.asyncProperty(restarts, fc.array(steps, { maxLength: 25 }), async (restart, actions) => {
        const started = await start(self, pools[restart])
        if (started.tag !== 'ok') throw new Error('it starts')
        const pool = started.pid
        let names: string[] = []
        for (const action of actions) {
          const listed = [...(await call(self, pool, 'whichChildren'))].reverse()
          const target = action.tag === 'start' ? null : (listed[action.at]?.pid ?? null)
          if (action.tag === 'start') {
            const answer = textOf(await call(self, pool, 'startChild', action.name))
            assert.is(answer, names.length < maxChildren ? 'ok' : 'maxChildren')
            if (answer === 'ok') names = [...names, action.name]
          } else if (target !== null) {
            if (action.tag === 'terminate') await call(self, pool, 'terminateChild', target)
            else await end(self, target, action.reason)
            const back = action.tag === 'end' && shouldRestart(restart, action.reason)
            if (!back) names = names.filter((_, at) => at !== action.at)
          }
          const running = (await call(self, pool, 'whichChildren')).map(({ pid }) => pid).reverse()
          const said: string[] = []
          for (const one of running) {
            if (one !== null) said.push(await call<Worker, 'name'>(self, one, 'name'))
          }
          assert.equal(said, names)
        }
        await stopServer(self, pool, 'shutdown')
      }),
      { numRuns: 100 },
    )
  }, modules))

test.run()
