/** The other processes of a round, over the pipe that Node gives to forked ones. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** The next thing the child says. Rejects when it ends instead. */
export function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => {
      reject(new Error(`${child.spawnargs.slice(1).join(' ')} ended with ${code}`))
    }
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.off('exit', onExit)
      // Said by our own program.
      resolve(message as T)
    })
  })
}

/** Ends the child by letting go of the pipe, and waits until it has. */
export async function letGo(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.disconnect()
  await ended
}
