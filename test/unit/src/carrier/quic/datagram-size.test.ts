import {
  type SizeAction,
  type SizeEvent,
  type SizeState,
  sizeStep,
  unknownPath,
} from '../../../../../src/carrier/quic/datagram-size.ts'
import { limits } from '../../../../../src/limits.ts'
import { assert, suite } from '../../../../support/harness.ts'

const test = suite('datagram size')

/** A path that carries datagrams of `carries` bytes, probed as the rule asks. */
class Path {
  state: SizeState
  carries: number
  probes = 0
  nowMs = 1000
  #waiting: number | undefined

  constructor(carries: number, max: number) {
    this.carries = carries
    this.state = unknownPath(max)
  }

  step(event: SizeEvent): void {
    const [state, actions] = sizeStep(this.state, event, this.nowMs)
    this.state = state
    for (const action of actions) this.#perform(action)
  }

  /** Answers probes until none is on its way. */
  settle(heard = true): void {
    while (this.#waiting !== undefined) {
      const size = this.#waiting
      this.#waiting = undefined
      this.nowMs += 1
      this.step(size <= this.carries ? { tag: 'answered' } : { tag: 'unanswered', heard })
    }
  }

  #perform(action: SizeAction): void {
    this.#waiting = action.tag === 'probe' ? action.size : undefined
    if (action.tag === 'probe') this.probes += 1
  }
}

test('nothing is tried before there is something large to send', () => {
  const path = new Path(1472, 1472)
  path.step({ tag: 'suspected' })
  assert.is(path.probes, 0)
  path.step({ tag: 'filled' })
  path.step({ tag: 'filled' })
  assert.is(path.probes, 1)
})

test('most paths take one probe', () => {
  const path = new Path(1500, 1472)
  path.step({ tag: 'filled' })
  path.settle()
  assert.equal([path.state.size, path.probes], [1472, 1])
})

test('every capacity is found within a 64th, by a bounded search that never goes beyond', () => {
  for (const max of [1200, 1201, 1452, 1472, 8952, 16_383]) {
    for (let carries = 1200; carries <= max; carries += 1 + Math.floor(max / 500)) {
      const path = new Path(carries, max)
      path.step({ tag: 'filled' })
      path.settle()
      const { size } = path.state
      assert.ok(size <= carries && size >= carries * (63 / 64) - 1, `${size} of ${carries}`)
      assert.ok(path.probes <= 15 * limits.carrierProbesMax, `${path.probes} probes`)
    }
  }
})

test('a size is only given up when the path carried something else meanwhile', () => {
  const path = new Path(1472, 1472)
  path.carries = 0
  path.step({ tag: 'filled' })
  path.settle(false)
  assert.equal([path.state.size, path.state.mode.tag], [1200, 'idle'])
  path.carries = 1472
  path.step({ tag: 'filled' })
  path.settle()
  assert.is(path.state.size, 1472)
})

test('losses lead to a look, and a path that shrank to 1200 and a new search', () => {
  const path = new Path(16_383, 16_383)
  path.step({ tag: 'filled' })
  path.settle()
  path.nowMs += 1000
  path.step({ tag: 'suspected' })
  path.settle()
  assert.equal([path.state.size, path.state.mode.tag], [16_383, 'settled'])
  path.carries = 1400
  path.nowMs += 1000
  const before = path.probes
  path.step({ tag: 'suspected' })
  path.settle(false)
  assert.equal([path.state.size, path.state.mode.tag], [1200, 'idle'])
  assert.is(path.probes - before, limits.carrierProbesMax)
  path.step({ tag: 'filled' })
  path.settle()
  assert.ok(path.state.size <= 1400 && path.state.size > 1370)
})

test('an answer stands for a while', () => {
  const path = new Path(1472, 1472)
  path.step({ tag: 'filled' })
  path.settle()
  for (let losses = 0; losses < 50; losses++) path.step({ tag: 'suspected' })
  assert.is(path.probes, 1)
})

test('a small path is tried again after a while', () => {
  const path = new Path(1300, 1472)
  path.step({ tag: 'filled' })
  path.settle()
  const before = path.probes
  path.nowMs += limits.carrierProbeAgainMs / 2
  path.step({ tag: 'filled' })
  assert.is(path.probes, before)
  path.carries = 1472
  path.nowMs += limits.carrierProbeAgainMs
  path.step({ tag: 'filled' })
  path.settle()
  assert.is(path.state.size, 1472)
})

test('of another path nothing is known', () => {
  const path = new Path(1472, 1472)
  path.step({ tag: 'filled' })
  path.settle()
  path.step({ tag: 'moved' })
  assert.equal([path.state.size, path.state.mode.tag], [1200, 'idle'])
  path.step({ tag: 'filled' })
  path.step({ tag: 'moved' })
  // What was on its way is forgotten: its answer would be of the other path.
  path.step({ tag: 'answered' })
  assert.is(path.state.size, 1200)
})

test.run()
