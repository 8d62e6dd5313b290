/** The queue of a pool: its cases, and its laws under any order of events. */
import fc from 'fast-check'
import { emptyQueue, type Queue, type QueueEvent, step } from '../../../../stdlib/offload/rule.ts'
import { assert, suite } from '../../../support/harness.ts'

const test = suite('offload rule')

/** What the rule says to each event, `start 1` and so on. */
function said(threads: number, queueMax: number, ...events: readonly string[]): string[] {
  let queue = emptyQueue(threads, queueMax)
  return events.map((text) => {
    const [tag, id] = text.split(' ')
    const [after, actions] = step(queue, eventOf(tag, Number(id)))
    queue = after
    return actions.map((action) => `${action.tag} ${action.id}`).join(', ')
  })
}

function eventOf(tag: string | undefined, id: number): QueueEvent {
  if (tag === 'submit' || tag === 'ended' || tag === 'cancel') return { tag, id }
  throw new Error(`${tag} is no event`)
}

test('jobs run while there are threads, then wait, then are refused', () => {
  const events = ['submit 1', 'submit 2', 'submit 3', 'submit 4', 'submit 5']
  assert.equal(said(2, 2, ...events), ['start 1', 'start 2', '', '', 'refuse 5'])
  assert.equal(said(1, 0, 'submit 1', 'submit 2'), ['start 1', 'refuse 2'])
})

test('the oldest that waits is next, whichever job ended', () => {
  const events = ['submit 1', 'submit 2', 'submit 3', 'submit 4', 'ended 2', 'ended 1', 'ended 3']
  const expected = ['start 1', 'start 2', '', '', 'start 3', 'start 4', '']
  assert.equal(said(2, 2, ...events), expected)
})

test('who waits can be withdrawn, who runs ends by itself', () => {
  const events = ['submit 1', 'submit 2', 'submit 3', 'cancel 2', 'cancel 1', 'ended 1', 'ended 3']
  assert.equal(said(1, 2, ...events), ['start 1', '', '', 'withdraw 2', '', 'start 3', ''])
})

test('events about nobody change nothing', () => {
  assert.equal(said(1, 1, 'ended 9', 'cancel 9', 'submit 1', 'ended 1', 'ended 1'), [
    '',
    '',
    'start 1',
    '',
    '',
  ])
})

type Model = { started: number[]; refused: number[]; withdrawn: number[]; ended: number[] }

const move = fc.record({ tag: fc.constantFrom('submit', 'ended', 'cancel'), pick: fc.nat() })

test('law: bounds hold, nobody waits beside an idle thread, first come, first served', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.nat({ max: 4 }),
      fc.array(move, { maxLength: 60 }),
      (threads, queueMax, moves) => {
        let queue: Queue = emptyQueue(threads, queueMax)
        const model: Model = { started: [], refused: [], withdrawn: [], ended: [] }
        let submitted = 0
        for (const { tag, pick } of moves) {
          const id = tag === 'submit' ? ++submitted : (pick % (submitted + 1)) + 1
          const wasRunning = queue.running.has(id)
          const [after, actions] = step(queue, eventOf(tag, id))
          if (tag === 'ended' && wasRunning) model.ended.push(id)
          for (const action of actions) {
            if (action.tag === 'start') model.started.push(action.id)
            if (action.tag === 'refuse') model.refused.push(action.id)
            if (action.tag === 'withdraw') model.withdrawn.push(action.id)
          }
          queue = after
          assert.ok(queue.running.size <= threads && queue.waiting.length <= queueMax)
          assert.ok(queue.waiting.length === 0 || queue.running.size === threads)
        }
        const inOrder = [...model.started].sort((a, b) => a - b)
        assert.equal(model.started, inOrder)
        // Every job is in exactly one place.
        const places = [
          ...model.ended,
          ...queue.running,
          ...queue.waiting,
          ...model.refused,
          ...model.withdrawn,
        ].sort((a, b) => a - b)
        assert.equal(
          places,
          Array.from({ length: submitted }, (_, at) => at + 1),
        )
      },
    ),
  )
})

test.run()
