/**
 * All rooms, as those who chat see them: made on the node that asks, found from every node by name.
 * What may well happen is a value, `{ tag: 'error', reason }`, that a person can be shown.
 *
 * Two nodes that make a room of one name in the same moment get one each: names of the registry are
 * not unique across nodes. Who needs that registers with `registerGlobal`, and hears who lost.
 */
import {
  type Caller,
  call,
  dynamicSupervisor,
  Exit,
  listServices,
  local,
  lookupService,
  type Pid,
  template,
  type ViaName,
  via,
} from 'skein'
import { isRoomName, type Member, Room, roomName } from './room.ts'

/** Rooms of this node. One that crashes is not started again: it would be empty, and surprise. */
export const Rooms = dynamicSupervisor('chat.rooms', () => ({
  template: template(Room, { restart: 'temporary' }),
  maxChildren: 1_000,
}))

/** The local name of that supervisor. */
export const roomsName = 'chat.rooms'

/** Why something did not come about; `noAnswer`: the room did not answer in time. */
export type ChatError = {
  readonly tag: 'error'
  readonly reason:
    | 'alreadyJoined'
    | 'notJoined'
    | 'noAnswer'
    | 'roomExists'
    | 'roomNotFound'
    | 'roomRefused'
}

export type ListedRoom = {
  readonly room: string
  readonly node: string
  readonly createdMs: number
}

type Ok = { readonly tag: 'ok' }

/** Makes a room on this node. Errors: `roomExists`, `roomRefused` when there are too many. */
export async function createRoom(caller: Caller, room: string): Promise<Ok | ChatError> {
  if (lookupService(caller, roomName(room)).length > 0)
    return { tag: 'error', reason: 'roomExists' }
  const started = await call(caller, local(Rooms, roomsName), 'startChild', room)
  return started.tag === 'ok' ? { tag: 'ok' } : { tag: 'error', reason: 'roomRefused' }
}

/** All rooms this node knows of, the oldest first. */
export function listRooms(caller: Caller): ListedRoom[] {
  return listServices(caller)
    .filter(isRoomName)
    .flatMap((name) =>
      lookupService(caller, name).map(({ node, metadata }) => {
        const { createdMs } = metadata
        return { room: name.chatRoom, node, createdMs: Number(createdMs) }
      }),
    )
    .sort((a, b) => a.createdMs - b.createdMs)
}

/** Errors: `alreadyJoined`, `roomNotFound`, `noAnswer`. */
export function joinRoom(
  caller: Caller,
  room: string,
  member: Member,
): Promise<{ readonly tag: 'ok'; readonly nicks: readonly string[] } | ChatError> {
  return outcome(call(caller, find(room), 'join', member))
}

/** Errors: `notJoined`, `roomNotFound`, `noAnswer`. */
export function leaveRoom(caller: Caller, room: string, pid: Pid): Promise<Ok | ChatError> {
  return outcome(call(caller, find(room), 'leave', pid))
}

/** Errors: `notJoined`, `roomNotFound`, `noAnswer`. */
export function say(caller: Caller, room: string, pid: Pid, text: string): Promise<Ok | ChatError> {
  return outcome(call(caller, find(room), 'say', { pid, text }))
}

/** The room of this name; one of this node before those of others. */
function find(room: string): ViaName<Room> {
  return via(Room, 'cluster', roomName(room))
}

async function outcome<Answer>(answer: Promise<Answer>): Promise<Answer | ChatError> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof Exit)) throw error
    const isLate = error.reason === 'timeout'
    return { tag: 'error', reason: isLate ? 'noAnswer' : 'roomNotFound' }
  }
}
