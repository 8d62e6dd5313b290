/**
 * The server of the workload, one per node under the name `srv`: answers at once or later, talks
 * to whom it is told to, dies with a call unanswered, hears numbered messages.
 */
import { nodeOf, type Pid, type Self } from '../../../runtime/index.ts'
import {
  type Behaviour,
  type From,
  genServer,
  next,
  reply,
  replyTo,
  stop,
} from '../../../stdlib/index.ts'
import type { Witness } from '../witness.ts'
import { Ear, Mouth } from './numbered.ts'

export type Asked = { readonly id: number; readonly caller: Pid }

/** Which request is answered, and over which channel. */
export type Answer = {
  readonly id: number
  readonly of: string
  readonly epoch: number
  readonly ballast?: Uint8Array
}

export type Server = {
  calls: {
    echo: (arg: Asked & { readonly answerBytes: number }) => Answer
    /** Answers after `ms`. */
    late: (arg: Asked & { readonly ms: number }) => Answer
    /** Sends the caller some messages, then answers. */
    talk: (arg: Asked & { readonly messages: number }) => Answer
    /** Sends the caller some messages, then ends without an answer. */
    die: (arg: Asked & { readonly messages: number }) => Answer
  }
}

export const serverName = 'srv'

type State = { readonly ear: Ear; readonly mouth: Mouth; readonly owed: Map<number, Owed> }
type Owed = { readonly from: From<Answer>; readonly asked: Asked }
type Due = { readonly tag: 'due'; readonly id: number }

export function serverModule(witness: Witness): Behaviour<Server, undefined> {
  const answer = (self: Self, { id, caller }: Asked): Answer => ({
    id,
    of: witness.viewOf(self).key,
    epoch: witness.epochOf(self, nodeOf(caller)),
  })
  const speak = ({ mouth }: State, { caller }: Asked, messages: number): void => {
    for (let i = 0; i < messages; i++) mouth.say(caller)
  }
  return genServer<Server>('sim.server')({
    init: (_: undefined, self): State => {
      witness.meet(self)
      witness.offer(self)
      witness.servers.set(self.node, self.pid)
      return { ear: new Ear(witness, self), mouth: new Mouth(witness, self), owed: new Map() }
    },
    calls: {
      echo: (state, asked, self) => {
        witness.tell({ tag: 'callHandled', id: asked.id })
        const plain = answer(self, asked)
        const { answerBytes } = asked
        return reply(
          answerBytes === 0 ? plain : { ...plain, ballast: new Uint8Array(answerBytes) },
          state,
        )
      },
      late: (state, asked, self, from) => {
        witness.tell({ tag: 'callHandled', id: asked.id })
        state.owed.set(asked.id, { from, asked })
        self.sendAfter(asked.ms, self.pid, { tag: 'due', id: asked.id } satisfies Due)
        return next(state)
      },
      talk: (state, asked, self) => {
        witness.tell({ tag: 'callHandled', id: asked.id })
        speak(state, asked, asked.messages)
        return reply(answer(self, asked), state)
      },
      die: (state, asked) => {
        witness.tell({ tag: 'callHandled', id: asked.id })
        speak(state, asked, asked.messages)
        return stop({ ...state.mouth.lastWords(asked.caller) }, state)
      },
    },
    info: (state, message, self) => {
      if (isDue(message)) {
        const owed = state.owed.get(message.id)
        state.owed.delete(message.id)
        if (owed !== undefined) replyTo(self, owed.from, answer(self, owed.asked))
      } else if (!state.ear.take(message)) {
        witness.tell({ tag: 'stray', by: String(self.pid), what: JSON.stringify(message) })
      }
      return next(state)
    },
  })
}

function isDue(message: unknown): message is Due {
  return (
    typeof message === 'object' && message !== null && 'tag' in message && message.tag === 'due'
  )
}
