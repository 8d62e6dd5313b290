/**
 * The supervisor's rule against a model of OTP's three strategies written from its documentation:
 * children that end at random, starts that fail or are declined, requests in between. The driver
 * plays the process beside the rule: it carries out actions in order and feeds back what happened.
 */
import fc from 'fast-check'
import { type Pid, type Reason, spawn, startRuntime } from '../../runtime/index.ts'
import { Module } from '../../runtime/kernel.ts'
import { addRestart, noRestarts, type Restarts } from '../../stdlib/supervisor/intensity.ts'
import {
  type SupervisorAction,
  type SupervisorEvent,
  type SupervisorState,
  shouldRestart,
  supervise,
} from '../../stdlib/supervisor/rule.ts'
import type { ChildSpec, Restart, Strategy } from '../../stdlib/supervisor/spec.ts'
import { assert, cleanup, suite } from '../support/harness.ts'

const test = suite('property: supervisor')

const strategies: readonly Strategy[] = ['oneForOne', 'oneForAll', 'restForOne']
const restarts: readonly Restart[] = ['permanent', 'transient', 'temporary']
const reasons: readonly Reason[] = [
  'normal',
  'shutdown',
  { tag: 'shutdown', detail: 1 },
  'killed',
  { tag: 'broken' },
]

const scenario = fc.record({
  strategy: fc.constantFrom(...strategies),
  kinds: fc.array(fc.constantFrom(...restarts), { minLength: 1, maxLength: 6 }),
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

const specOf = (restart: Restart, at: number): ChildSpec => ({
  id: `c${at}`,
  module: 'm',
  arg: null,
  name: null,
  restart,
  shutdown: 0,
  type: 'worker',
})

/** Plays the process: carries actions out, and keeps the record of what was started and stopped. */
class Driver {
  state: SupervisorState
  gaveUp = false
  readonly record: string[] = []
  readonly #pids: () => Pid
  #nowMs = 0

  constructor(strategy: Strategy, kinds: readonly Restart[], pids: () => Pid, intensity: number) {
    this.#pids = pids
    const children = kinds.map((kind, at) => ({
      spec: specOf(kind, at),
      pid: pids(),
      restarting: false,
    }))
    this.state = { strategy, intensity, periodMs: 1, children, restarts: noRestarts }
  }

  get running(): readonly string[] {
    return this.state.children.filter(({ pid }) => pid !== null).map(({ spec }) => spec.id)
  }

  end(id: string, reason: Reason, starts: string[]): void {
    const pid = this.state.children.find(({ spec }) => spec.id === id)?.pid
    if (!pid) return
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

type ModelChild = { readonly id: string; readonly kind: Restart; runs: boolean }

/** OTP's words, as code: what must have been stopped and started when `id` ends with `reason`. */
function expected(model: ModelChild[], strategy: Strategy, id: string, reason: Reason): string[] {
  const at = model.findIndex((child) => child.id === id)
  const child = model[at]
  if (child === undefined || !child.runs) return []
  child.runs = false
  if (!shouldRestart(child.kind, reason)) {
    if (child.kind === 'temporary') model.splice(at, 1)
    return []
  }
  const first = strategy === 'restForOne' ? at : 0
  const group = strategy === 'oneForOne' ? [child] : model.slice(first)
  const record: string[] = []
  for (const other of [...group].reverse()) {
    if (other.runs) record.push(`stop ${other.id}`)
    other.runs = false
    if (other !== child && other.kind === 'temporary') model.splice(model.indexOf(other), 1)
  }
  for (const other of group) {
    if (!model.includes(other)) continue
    record.push(`start ${other.id}`)
    other.runs = true
  }
  return record
}

function pidSource(): () => Pid {
  const node = startRuntime({ name: 'pids@localhost', quiet: true })
  cleanup(() => node.stop())
  const idle = new Module('idle', () => undefined)
  return () => spawn(node, idle, undefined)
}

test('V5 V6 V7 what is stopped and started, and in which order, is what OTP says', () => {
  const pids = pidSource()
  fc.assert(
    fc.property(scenario, ({ strategy, kinds, ends }) => {
      const driver = new Driver(strategy, kinds, pids, 1_000)
      const model: ModelChild[] = kinds.map((kind, at) => ({ id: `c${at}`, kind, runs: true }))
      for (const { who, reason } of ends) {
        driver.record.length = 0
        driver.end(`c${who}`, reason, [])
        assert.equal(driver.record, expected(model, strategy, `c${who}`, reason))
        assert.equal(
          driver.running,
          model.filter(({ runs }) => runs).map(({ id }) => id),
        )
      }
    }),
    { numRuns: 400 },
  )
})

test('V8 V10 whatever fails to start, in the end everything runs that must, in start order', () => {
  const pids = pidSource()
  fc.assert(
    fc.property(scenario, ({ strategy, kinds, ends }) => {
      const driver = new Driver(strategy, kinds, pids, 1_000)
      const order = kinds.map((_, at) => `c${at}`)
      for (const { who, reason, starts } of ends) {
        const before = driver.running
        driver.end(`c${who}`, reason, [...starts])
        const { children } = driver.state
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
