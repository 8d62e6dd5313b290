/**
 * A state machine called from another place (rules F8, F14, F15, F16): postponed calls, replies of
 * every kind, and how a call ends when the machine does.
 */
import * as assert from 'uvu/assert'
import { isDown, type Reason, type Ref, type Self } from '../../../runtime/index.ts'
import {
  answer,
  call,
  cast,
  type From,
  genStatem,
  keep,
  postpone,
  stay,
  stop,
  stopAndReply,
  stopServer,
  to,
} from '../../../stdlib/index.ts'
import { reasonOf } from './names.ts'
import { caseOf, type Place, type Topic } from './topic.ts'

type Gate = {
  calls: {
    pass: (n: number) => string
    /** Answered by the enter call of the next state. */
    wait: () => string
    stopWith: (reason: Reason) => string
    stopAndAnswer: (reason: Reason) => string
    seen: () => readonly string[]
  }
  casts: { open: () => void; shut: () => void; note: (what: string) => void }
  timeouts: { never: () => void }
}

type Data = { readonly seen: readonly string[]; readonly waiting: readonly From<string>[] }

const gate = genStatem<Gate, { shut: Data; open: Data }>('topic.gate')({
  init: () => to('shut', { seen: [], waiting: [] }),
  states: {
    shut: {
      calls: { pass: postpone },
      casts: { open: (data) => to('open', data), shut: () => stay() },
    },
    open: {
      enter: ({ seen, waiting }) =>
        keep({ seen, waiting: [] }, { replies: waiting.map((from) => answer(from, 'entered')) }),
      calls: { pass: (_data, n) => stay({ reply: `passed ${n}` }) },
      casts: { open: () => stay(), shut: (data) => to('shut', data) },
    },
  },
  common: {
    calls: {
      wait: ({ data }, _arg, _self, from) => keep({ ...data, waiting: [...data.waiting, from] }),
      stopWith: (_now, reason) => stop(reason),
      stopAndAnswer: (_now, reason, _self, from) => stopAndReply(reason, [answer(from, 'bye')]),
      seen: ({ data }) => stay({ reply: data.seen }),
    },
    casts: { note: ({ data }, what) => keep({ ...data, seen: [...data.seen, what] }) },
    timeouts: { never: () => stay() },
  },
})

async function begin(self: Self, place: Place): Promise<Ref<Gate>> {
  return place.spawnThere<Gate, void>(self, gate, undefined)
}

export const genStatemCalls: Topic = {
  subject: 'gen_statem calls',
  modules: [gate],
  cases: [
    caseOf(
      'F8',
      'postponed calls are answered in their order once the state changes',
      async (self, place) => {
        const ref = await begin(self, place)
        const answers: string[] = []
        const asked = [1, 2, 3].map(async (n) => answers.push(await call(self, ref, 'pass', n)))
        cast(self, ref, 'open')
        await Promise.all(asked)
        assert.equal(answers, ['passed 1', 'passed 2', 'passed 3'])
      },
    ),
    caseOf('F14', 'an enter call answers a call of the state before', async (self, place) => {
      const ref = await begin(self, place)
      const asked = call(self, ref, 'wait')
      cast(self, ref, 'open')
      assert.is(await asked, 'entered')
    }),
    caseOf('G15', 'casts keep their place among the calls of their sender', async (self, place) => {
      const ref = await begin(self, place)
      for (const what of ['a', 'b']) cast(self, ref, 'note', what)
      const between = call(self, ref, 'seen')
      cast(self, ref, 'note', 'c')
      assert.equal(await between, ['a', 'b'])
      assert.equal(await call(self, ref, 'seen'), ['a', 'b', 'c'])
    }),
    caseOf(
      'F15',
      'stopAndReply answers, then the machine ends with its reason',
      async (self, place) => {
        const ref = await begin(self, place)
        const monitor = self.monitor(ref)
        assert.is(await call(self, ref, 'stopAndAnswer', 'over'), 'bye')
        assert.is((await self.receive(isDown(monitor))).reason, 'over')
      },
    ),
    caseOf(
      'F15',
      'postponed and waiting calls get the reason of the machine',
      async (self, place) => {
        const ref = await begin(self, place)
        const failing = [
          reasonOf(call(self, ref, 'pass', 1)),
          reasonOf(call(self, ref, 'wait')),
          reasonOf(call(self, ref, 'stopWith', { tag: 'shutdown', detail: 'closing' })),
          reasonOf(call(self, ref, 'seen')),
        ]
        const reason = { tag: 'shutdown', detail: 'closing' }
        assert.equal(await Promise.all(failing), [reason, reason, reason, reason])
      },
    ),
    caseOf(
      'G10',
      'an unknown operation, or one of its own, fails the caller alone',
      async (self, place) => {
        const ref = await begin(self, place)
        const other: Ref<{ calls: { [op: string]: () => void }; casts: { never: () => void } }> =
          untyped(ref)
        for (const op of ['hack', 'never', 'toString', '__proto__']) {
          assert.equal(await reasonOf(call(self, other, op)), { tag: 'undef', op })
        }
        cast(self, other, 'never')
        assert.equal(await call(self, ref, 'seen'), [])
      },
    ),
    caseOf('F16', 'stopServer stops it and waits', async (self, place) => {
      const ref = await begin(self, place)
      const waiting = reasonOf(call(self, ref, 'pass', 1))
      await stopServer(self, ref, 'shutdown')
      assert.is(await waiting, 'shutdown')
      assert.is(await reasonOf(call(self, ref, 'seen')), 'noproc')
    }),
  ],
}

/** A ref as one that lies about its protocol has it. */
function untyped(ref: unknown): never {
  return ref as never
}
