/**
 * The application: a supervisor of rooms, and those rooms that are there from the start. Which ones
 * is configuration: the node that others join through makes `demo`, the others none.
 */
import { application, child, startLink, supervisor } from 'skein'
import { Client } from './client.ts'
import { Room } from './room.ts'
import { createRoom, Rooms, roomsName } from './rooms.ts'

const Tree = supervisor('chat.tree', () => ({
  strategy: 'oneForOne',
  intensity: 3,
  children: [child(Rooms, undefined, { name: roomsName })],
}))

const defaults: { readonly rooms: readonly string[] } = { rooms: [] }

export const Chat = application('chat', {
  description: 'rooms to talk in, across the cluster',
  env: defaults,
  start: (self) => startLink(self, Tree),
  startPhases: [
    {
      name: 'rooms',
      run: async (self, { env }) => {
        for (const room of env.rooms) await createRoom(self, room)
      },
    },
  ],
})

export const modules = [Client, Room, Rooms, Tree]
