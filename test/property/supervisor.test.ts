/**
 * The supervisor's rule against a model of OTP's three strategies and of automatic shutdown,
 * written from its documentation: children that end at random, starts that fail or are declined,
 * requests in between. The driver plays the process beside the rule: it carries out actions in
 * order and feeds back what happened. The children against a plain list.
 */
import fc from 'fast-check'
import { type Pid, type Reason, spawn, startRuntime } from '../../runtime/index.ts'
import { Module } from '../../runtime/kernel.ts'
import { type Child, Children } from '../../stdlib/supervisor/children.ts'
import { addRestart, noRestarts, type Restarts } from '../../stdlib/supervisor/intensity.ts'
import {
  type SupervisorAction,
  type SupervisorEvent,
  type SupervisorState,
  shouldRestart,
  supervise,
} from '../../stdlib/supervisor/rule.ts'
import type { AutoShutdown, ChildSpec, Restart, Strategy } from '../../stdlib/supervisor/spec.ts'
import { assert, cleanup, suite } from '../support/harness.ts'

const test = suite('property: supervisor')

const strategies: readonly Strategy[] = ['oneForOne', 'oneForAll', 'restForOne']
const restarts: readonly Restart[] = ['permanent', 'transient', 'temporary']
const autoShutdowns: readonly AutoShutdown[] = ['never', 'anySignificant', 'allSignificant']
const reasons: readonly Reason[] = [
  'normal',
  'shutdown',
  { tag: 'shutdown', detail: 1 },
  'killed',
  { tag: 'broken' },
]

const scenario = fc.record({
  strategy: fc.constantFrom(...strategies),
  autoShutdown: fc.constantFrom(...autoShutdowns),
  kinds: fc.array(fc.record({ restart: fc.constantFrom(...restarts), significant: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  }),
  ends: fc.array(
    fc.record({
      who: fc.nat(5),
      reason: fc.constantFrom(...reasons),
      /** How the starts that follow go, in turn; the rest succeed. */
      starts: fc.array(fc.constantFrom('ok', 'fail', 'ignore'), { maxLength: 6 }),
    }),
    { maxLength: 12 },
  ),
})

type Kind = { readonly restart: Restart; readonly significant: boolean }

const specOf = ({ restart, significant }: Kind, at: number): ChildSpec => ({
  id: `c${at}`,
  module: 'm',
  arg: null,
  name: null,
  restart,
  shutdown: 0,
  type: 'worker',
  significant: significant && restart !== 'permanent',
})

/** Plays the process: carries actions out, and keeps the record of what was started and stopped. */
class Driver {
  state: SupervisorState
  gaveUp = false
  /** It is to stop because significant children have ended. */
  over = false
  readonly record: string[] = []
  readonly #pids: () => Pid
  #nowMs = 0

  constructor(
    strategy: Strategy,
    kinds: readonly Kind[],
    pids: () => Pid,
    autoShutdown: AutoShutdown = 'never',
  ) {
    this.#pids = pids
    this.state = {
      strategy,
      intensity: 1_000,
      periodMs: 1,
      autoShutdown,
      keepsEnded: true,
      children: kinds.reduce(
        (children, kind, at) => children.add(childOf(specOf(kind, at), pids())),
        Children.none(),
      ),
      restarts: noRestarts,
    }
  }

  get children(): readonly Child[] {
    return [...this.state.children.onwards()]
  }

  get running(): readonly string[] {
    return this.children.filter(({ pid }) => pid !== null).map(({ spec }) => spec.id)
  }

  end(id: string, reason: Reason, starts: string[]): void {
    const pid = this.state.children.byId(id)?.pid
    if (!pid || this.over) return
    const retries = this.#feed({ tag: 'exited', pid, reason }, starts)
    for (let next = retries.shift(); next !== undefined; next = retries.shift()) {
      retries.push(...this.#feed({ tag: 'retry', id: next }, starts))
    }
  }

  /** Feeds an event and what follows from it; returns the ids of queued retries. */
  #feed(event: SupervisorEvent, starts: string[]): string[] {
    // Far apart in time: the intensity is never reached unless it is 0.
    this.#nowMs += 1_000
    const queue: SupervisorAction[] = [...this.#step(event)]
    const retries: string[] = []
    for (let action = queue.shift(); action !== undefined; action = queue.shift()) {
      switch (action.tag) {
        case 'giveUp':
          this.gaveUp = true
          break
        case 'autoShutdown':
          this.over = true
          break
        case 'queueRetry':
          retries.push(action.id)
          break
        case 'stop':
          if (this.running.includes(action.id)) this.record.push(`stop ${action.id}`)
          this.#step({ tag: 'stopped', id: action.id })
          break
        case 'start': {
          const how = starts.shift() ?? 'ok'
          if (how === 'fail') {
            queue.length = 0
            queue.push(...this.#step({ tag: 'startFailed', id: action.id, reason: 'x' }))
            break
          }
          if (how === 'ok') this.record.push(`start ${action.id}`)
          const pid = how === 'ok' ? this.#pids() : null
          queue.push(...this.#step({ tag: 'started', id: action.id, pid }))
          break
        }
        case 'report':
          break
      }
    }
    return retries
  }

  #step(event: SupervisorEvent): readonly SupervisorAction[] {
    const [state, actions] = supervise(this.state, event, { nowMs: this.#nowMs })
    this.state = state
    return actions
  }
}

function childOf(spec: ChildSpec, pid: Pid | null): Child {
  return { spec, pid, restarting: false, formerPid: null }
}

type ModelChild = { readonly id: string; readonly kind: Kind; runs: boolean }

type Expected = { readonly record: string[]; readonly over: boolean }

/** OTP's words, as code: what must have been stopped and started when `id` ends with `reason`. */
function expected(
  model: ModelChild[],
  strategy: Strategy,
  auto: AutoShutdown,
  id: string,
  reason: Reason,
): Expected {
  const at = model.findIndex((child) => child.id === id)
  const child = model[at]
  if (child === undefined || !child.runs) return { record: [], over: false }
  child.runs = false
  const { restart, significant } = child.kind
  if (!shouldRestart(restart, reason)) {
    if (restart === 'temporary') model.splice(at, 1)
    if (!significant || auto === 'never') return { record: [], over: false }
    const left = model.some((other) => other.kind.significant && other.runs)
    return { record: [], over: auto === 'anySignificant' || !left }
  }
  const first = strategy === 'restForOne' ? at : 0
  const group = strategy === 'oneForOne' ? [child] : model.slice(first)
  const record: string[] = []
  for (const other of [...group].reverse()) {
    if (other.runs) record.push(`stop ${other.id}`)
    other.runs = false
    if (other !== child && other.kind.restart === 'temporary') {
      model.splice(model.indexOf(other), 1)
    }
  }
  for (const other of group) {
    if (!model.includes(other)) continue
    record.push(`start ${other.id}`)
    other.runs = true
  }
  return { record, over: false }
}

function pidSource(): () => Pid {
  const node = startRuntime({ name: 'pids@localhost', quiet: true })
  cleanup(() => node.stop())
  const idle = new Module('idle', () => undefined)
  return () => spawn(node, idle, undefined)
}

test('V5 V6 V7 V16 what is stopped and started, in which order, and when all of it ends', () => {
  const pids = pidSource()
  fc.assert(
    fc.property(scenario, ({ strategy, autoShutdown, kinds, ends }) => {
      const driver = new Driver(strategy, kinds, pids, autoShutdown)
      const model: ModelChild[] = kinds.map(({ restart, significant }, at) => ({
        id: `c${at}`,
        kind: { restart, significant: significant && restart !== 'permanent' },
        runs: true,
      }))
      for (const { who, reason } of ends) {
        driver.record.length = 0
        driver.end(`c${who}`, reason, [])
        const { record, over } = expected(model, strategy, autoShutdown, `c${who}`, reason)
        assert.equal(driver.record, record)
        assert.is(driver.over, over)
        assert.equal(
          driver.running,
          model.filter(({ runs }) => runs).map(({ id }) => id),
        )
        if (over) return
      }
    }),
    { numRuns: 400 },
  )
})

test('V8 V10 whatever fails to start, in the end everything runs that must, in start order', () => {
  const pids = pidSource()
  fc.assert(
    fc.property(scenario, ({ strategy, kinds, ends }) => {
      const driver = new Driver(strategy, kinds, pids)
      const order = kinds.map((_, at) => `c${at}`)
      for (const { who, reason, starts } of ends) {
        const before = driver.running
        driver.end(`c${who}`, reason, [...starts])
        const { children } = driver
        const ids = children.map(({ spec }) => spec.id)
        assert.equal(
          ids,
          order.filter((id) => ids.includes(id)),
          'start order is kept',
        )
        assert.ok(
          children.every(({ restarting }) => !restarting),
          'no attempt is left over',
        )
        assert.ok(
          children.every(({ spec, pid }) => spec.restart !== 'temporary' || pid !== null),
          'a temporary child runs or is forgotten',
        )
        if (!starts.includes('ignore')) {
          for (const { spec, pid } of children) {
            const mustRun = spec.restart === 'permanent' && before.includes(spec.id)
            assert.ok(!mustRun || pid !== null, `${spec.id} runs again`)
          }
        }
      }
      assert.is(driver.gaveUp, false)
    }),
    { numRuns: 400 },
  )
})

type Change = { readonly what: 'add' | 'stop' | 'run' | 'remove'; readonly id: number }

const changes = fc.array(
  fc.record({
    what: fc.constantFrom<Change['what']>('add', 'add', 'stop', 'run', 'remove'),
    id: fc.nat(7),
  }),
  { maxLength: 60 },
)

test('the children are what a list of them is, in order, by id and by pid', () => {
  const pids = pidSource()
  const kinds: Kind[] = restarts.map((restart, at) => ({ restart, significant: at !== 1 }))
  fc.assert(
    fc.property(changes, (steps) => {
      let children = Children.none()
      let model: Child[] = []
      for (const { what, id } of steps) {
        const spec = specOf(kinds[id % kinds.length]!, id)
        const present = model.some((child) => child.spec.id === spec.id)
        const before = children
        if (what === 'add') {
          if (present) continue
          const added = childOf(spec, pids())
          children = children.add(added)
          model = [...model, added]
        } else if (what === 'remove') {
          children = children.remove(spec.id)
          model = model.filter((child) => child.spec.id !== spec.id)
        } else {
          const changed = childOf(spec, what === 'run' ? pids() : null)
          children = children.replace(changed)
          model = model.map((child) => (child.spec.id === spec.id ? changed : child))
        }
        if (children !== before) assert.throws(() => before.size, /spent/)
        assert.equal([...children.onwards()], model)
        assert.equal([...children.backwards()], [...model].reverse())
        const at = model.findIndex((child) => child.spec.id === spec.id)
        assert.is(children.byId(spec.id), model[at])
        if (at >= 0) {
          assert.equal([...children.onwards(spec.id)], model.slice(at))
          assert.equal([...children.backwards(spec.id)], model.slice(at + 1).reverse())
        }
        for (const child of model) {
          if (child.pid !== null) assert.is(children.byPid(child.pid), child)
        }
        const running = model.filter(({ pid }) => pid !== null)
        const specs = model.length
        assert.equal(children.counts, {
          specs,
          active: running.length,
          supervisors: 0,
          workers: specs,
        })
        assert.is(children.significant, running.filter((child) => child.spec.significant).length)
      }
    }),
  )
})

test('V8 V9 the intensity rule agrees with counting all restarts within the period', () => {
  const gaps = fc.array(fc.nat(300), { maxLength: 60 })
  fc.assert(
    fc.property(gaps, fc.nat(5), fc.integer({ min: 1, max: 500 }), (steps, intensity, periodMs) => {
      const all: number[] = []
      let kept: Restarts = noRestarts
      let nowMs = 0
      for (const step of steps) {
        nowMs += step
        all.push(nowMs)
        const counted = addRestart(kept, nowMs, intensity, periodMs)
        const within = all.filter((atMs) => nowMs - atMs <= periodMs).length
        assert.is(counted.exceeded, within > intensity)
        if (counted.exceeded) return
        kept = counted.restarts
        assert.ok(kept.length <= intensity + 1, 'no more times are kept than are needed')
      }
    }),
  )
})

test.run()
