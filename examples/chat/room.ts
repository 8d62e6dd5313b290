/**
 * A room: who is in it, and a copy to each of what one of them says. It is known everywhere by the
 * term `{ chatRoom: name }`, with the time of its creation beside the name. It watches its members,
 * so that whoever goes without a word, or is lost with a node, is told of as one who left.
 *
 * Nothing of a room is kept elsewhere: when it ends so does what it knew.
 */
import {
  genServer,
  isDown,
  next,
  type Pid,
  type Reference,
  registerService,
  reply,
  type Self,
  stop,
} from 'skein'

/** A process that wants to hear what is said, and the name it goes by. */
export type Member = { pid: Pid; nick: string }

type Refused<Why> = { tag: 'error'; reason: Why }

export type Room = {
  calls: {
    /** Answers who is there, the new one last. */
    join: (member: Member) => { tag: 'ok'; nicks: string[] } | Refused<'alreadyJoined'>
    leave: (pid: Pid) => { tag: 'ok' } | Refused<'notJoined'>
    /** All members hear it, the one who said it too. */
    say: (said: { pid: Pid; text: string }) => { tag: 'ok' } | Refused<'notJoined'>
  }
}

/** What members hear. The others hear of `joined`, and of `left`. */
export type RoomMessage =
  | { tag: 'said'; room: string; nick: string; text: string }
  | { tag: 'joined' | 'left'; room: string; nick: string }

type Present = Member & { readonly ref: Reference }
type State = { readonly room: string; readonly present: readonly Present[] }

export type RoomName = { readonly chatRoom: string }

export function roomName(room: string): RoomName {
  return { chatRoom: room }
}

/** Whether a name of the cluster is that of a room. */
export function isRoomName(name: unknown): name is RoomName {
  return (
    typeof name === 'object' &&
    name !== null &&
    'chatRoom' in name &&
    typeof name.chatRoom === 'string'
  )
}

export const Room = genServer<Room>('chat.room')({
  init: (room: string, self) => {
    const metadata = { createdMs: Date.now() }
    const registered = registerService(self, roomName(room), { metadata })
    if (registered.tag === 'error') return stop({ tag: 'nameRefused', why: registered.reason })
    const empty: State = { room, present: [] }
    return empty
  },
  calls: {
    join: (state, { pid, nick }, self) => {
      if (find(state, pid)) return reply({ tag: 'error', reason: 'alreadyJoined' }, state)
      tell(self, state, { tag: 'joined', room: state.room, nick })
      const present = [...state.present, { pid, nick, ref: self.monitor(pid) }]
      return reply(
        { tag: 'ok', nicks: present.map((member) => member.nick) },
        { ...state, present },
      )
    },
    leave: (state, pid, self) => {
      const member = find(state, pid)
      if (member === undefined) return reply({ tag: 'error', reason: 'notJoined' }, state)
      self.demonitor(member.ref, { flush: true })
      return reply({ tag: 'ok' }, without(self, state, member))
    },
    say: (state, { pid, text }, self) => {
      const member = find(state, pid)
      if (member === undefined) return reply({ tag: 'error', reason: 'notJoined' }, state)
      tell(self, state, { tag: 'said', room: state.room, nick: member.nick, text })
      return reply({ tag: 'ok' }, state)
    },
  },
  info: (state, message, self) => {
    if (!isDown()(message)) return next(state)
    const member = state.present.find(({ ref }) => ref === message.ref)
    return next(member === undefined ? state : without(self, state, member))
  },
})

function find({ present }: State, pid: Pid): Present | undefined {
  return present.find((member) => member.pid === pid)
}

/** The room after a member has left, and the others have heard of it. */
function without(self: Self, state: State, member: Present): State {
  const after = { ...state, present: state.present.filter((other) => other !== member) }
  tell(self, after, { tag: 'left', room: state.room, nick: member.nick })
  return after
}

function tell(self: Self, { present }: State, message: RoomMessage): void {
  for (const { pid } of present) self.send(pid, message)
}
