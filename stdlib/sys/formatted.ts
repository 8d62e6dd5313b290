/**
 * What a `formatStatus` shows, copied. One that fails hides what it would have hidden (rule Y5):
 * nothing of the state is shown then.
 */
import { snapshot } from './snapshot.ts'

export function formatted(format: () => unknown): unknown {
  try {
    const shown = format()
    if (!(shown instanceof Promise)) return snapshot(shown)
    shown.catch(() => undefined)
    throw new TypeError('formatStatus must not be async')
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: '', message: '' }
    return { tag: 'formatStatusFailed', error: `${name}: ${message}` }
  }
}
