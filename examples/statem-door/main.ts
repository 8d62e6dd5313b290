/**
 * A door with a code lock, as a state machine: three states with data of their own, a lock that
 * closes by itself, a push that waits until the door is open, and an alarm that wears off. Time is
 * the door's own: the program waits for what the door says, never for a clock.
 */
import { call, cast, genStatem, keep, type Pid, postpone, start, startNode, stay, to } from 'skein'

type Door = {
  calls: { enterCode: (code: string) => 'open' | 'wrong' | 'blocked'; state: () => string }
  casts: { push: (who: string) => void }
  internal: { tell: (what: string) => void }
  timeouts: { calmDown: () => void }
}

type Doors = {
  locked: { readonly setup: Setup; readonly wrong: number }
  open: { readonly setup: Setup; readonly through: number }
  blocked: { readonly setup: Setup }
}

type Setup = { readonly code: string; readonly openMs: number; readonly witness: Pid }

const wrongMax = 3

const Door = genStatem<Door, Doors>('door')({
  init: (setup: Setup) => to('locked', { setup, wrong: 0 }),
  states: {
    locked: {
      enter: (data, previous, self) => {
        if (previous !== 'locked') self.send(data.setup.witness, 'locked again')
        return stay()
      },
      calls: {
        enterCode: (data, code) => {
          const { setup } = data
          if (code === setup.code) return to('open', { setup, through: 0 }, { reply: 'open' })
          const wrong = data.wrong + 1
          if (wrong < wrongMax) return keep({ setup, wrong }, { reply: 'wrong' })
          return to('blocked', { setup }, { reply: 'blocked', timeouts: { calmDown: 200 } })
        },
      },
      casts: { push: postpone },
    },
    open: {
      enter: (data) => stay({ stateTimeoutMs: data.setup.openMs }),
      calls: { enterCode: () => stay({ reply: 'open' }) },
      casts: {
        push: (data, who) =>
          keep(
            { ...data, through: data.through + 1 },
            { next: [{ tag: 'internal', op: 'tell', arg: `${who} walks through` }] },
          ),
      },
      stateTimeout: ({ setup }) => to('locked', { setup, wrong: 0 }),
    },
    blocked: {
      calls: { enterCode: () => stay({ reply: 'blocked' }) },
      casts: { push: postpone },
    },
  },
  common: {
    calls: { state: (now) => stay({ reply: now.state }) },
    internal: {
      tell: (now, what, self) => {
        self.send(now.data.setup.witness, what)
        return stay()
      },
    },
    timeouts: {
      calmDown: (now, _arg, self) => {
        self.send(now.data.setup.witness, 'calm again')
        return to('locked', { setup: now.data.setup, wrong: 0 })
      },
    },
  },
})

const node = await startNode({ name: 'demo@localhost', modules: [Door], drainOnSignals: true })

await node.run(async (self) => {
  const heard = async (): Promise<void> => console.log('heard:', await self.receive())
  const started = await start(self, Door, { code: '1234', openMs: 20, witness: self.pid })
  if (started.tag !== 'ok') throw new Error('the door is there')
  const door = started.pid

  // Pushing a locked door waits for it to open.
  cast(self, door, 'push', 'Ada')
  console.log('pushed while', await call(self, door, 'state'))
  console.log('code 1234:', await call(self, door, 'enterCode', '1234'))
  await heard()
  await heard()

  for (const code of ['0', '00', '000']) {
    console.log(`code ${code}:`, await call(self, door, 'enterCode', code))
  }
  console.log('code 1234:', await call(self, door, 'enterCode', '1234'))
  await heard()
  await heard()
  console.log('code 1234:', await call(self, door, 'enterCode', '1234'))
})
await node.stop()
