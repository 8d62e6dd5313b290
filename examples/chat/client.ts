/**
 * The process of one who chats: it prints what is said in the rooms it is a member of, and which
 * rooms come and go anywhere in the cluster. It asks for nothing itself; who reads the keyboard
 * does, and names this process as the member.
 */
import {
  genServer,
  isOrderly,
  isResync,
  isServiceEvent,
  next,
  type Reason,
  type Self,
  type ServiceEvent,
  subscribeServices,
} from 'skein'
import { isRoomName, type RoomMessage } from './room.ts'
import { listRooms } from './rooms.ts'

export const Client = genServer<{}>('chat.client')({
  init: (_: undefined, self) => {
    // In one turn: no room can come between what is known already and what is told of.
    subscribeServices(self, isRoomName)
    return news(new Set(), self)
  },
  info: (known: ReadonlySet<string>, message, self) => {
    if (isRoomMessage(message)) print(shown(message))
    else if (isServiceEvent(message)) return next(after(known, message))
    // Something may have been missed: what is there now counts.
    else if (isResync('services')(message)) return next(news(known, self))
    return next(known)
  },
})

/** What is printed of a room, by itself on each node that has one of the name. */
function place(room: string, node: string): string {
  return `${room} on ${shortName(node)}`
}

function after(known: ReadonlySet<string>, event: ServiceEvent): ReadonlySet<string> {
  if (!isRoomName(event.name)) return known
  const room = place(event.name.chatRoom, event.node)
  switch (event.tag) {
    case 'serviceRegistered':
      return withRoom(known, room)
    case 'serviceDown':
      return withoutRoom(known, room, event.reason)
    case 'serviceUnregistered':
      return withoutRoom(known, room, 'normal')
    case 'serviceUpdated':
      return known
  }
}

/** Prints the difference between the rooms that were known and those there are. */
function news(known: ReadonlySet<string>, self: Self): ReadonlySet<string> {
  const current = listRooms(self).map(({ room, node }) => place(room, node))
  let result = known
  for (const room of known)
    if (!current.includes(room)) result = withoutRoom(result, room, 'normal')
  for (const room of current) result = withRoom(result, room)
  return result
}

function withRoom(known: ReadonlySet<string>, room: string): ReadonlySet<string> {
  if (known.has(room)) return known
  print(`* room ${room} is open`)
  return new Set([...known, room])
}

/** Says why only where something went wrong. */
function withoutRoom(
  known: ReadonlySet<string>,
  room: string,
  reason: Reason,
): ReadonlySet<string> {
  if (!known.has(room)) return known
  const kind = typeof reason === 'string' ? reason : reason.tag
  // `left`: its node said goodbye.
  const isExpected = isOrderly(reason) || kind === 'left'
  print(`* room ${room} is gone${isExpected ? '' : `: ${kind}`}`)
  return new Set([...known].filter((other) => other !== room))
}

function shown(message: RoomMessage): string {
  const { tag, room, nick } = message
  return tag === 'said' ? `[${room}] ${nick}: ${message.text}` : `[${room}] ${nick} has ${tag}`
}

/** What others wrote is printed without what would move the cursor or clear the screen. */
function print(line: string): void {
  console.log(line.replace(/\p{Cc}/gu, ' '))
}

export function shortName(node: string): string {
  return node.replace(/@.*/, '')
}

function isRoomMessage(message: unknown): message is RoomMessage {
  return isTagged(message, ['said', 'joined', 'left']) && 'room' in message
}

function isTagged(message: unknown, tags: readonly string[]): message is { tag: string } {
  return (
    typeof message === 'object' &&
    message !== null &&
    'tag' in message &&
    typeof message.tag === 'string' &&
    tags.includes(message.tag)
  )
}
