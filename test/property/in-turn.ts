import type fc from 'fast-check'
import type { AttachingBackend } from '../../lib/driver/backend.ts'

/**
 * A backend whose calls wait for their turn, which the scheduler draws: every order in which the calls of operations
 * can reach StorPool and the table is as likely, and the same seed gives the same.
 */
export const inTurn = <B extends AttachingBackend>(scheduler: fc.Scheduler, backend: B, who: string): B => {
  const turn = <Args extends any[], T>(name: string, call: (...args: Args) => Promise<T>) => {
    return (...args: Args): Promise<T> =>
      new Promise((resolve, reject) => {
        const label = `${who}: ${name} ${args.filter((arg) => typeof arg === 'string').join(' ')}`
        scheduler.scheduleSequence([{ label, builder: () => call(...args).then(resolve, reject) }])
      })
  }
  const { storpool, attachments } = backend
  return {
    ...backend,
    storpool: {
      deadline: storpool.deadline,
      get: turn('GET', storpool.get) as typeof storpool.get,
      post: turn('POST', storpool.post) as typeof storpool.post,
    },
    attachments: {
      read: turn('read', attachments.read),
      write: turn('write', attachments.write),
      note: turn('note', attachments.note),
      noted: turn('noted', attachments.noted),
      forget: turn('forget', attachments.forget),
    },
  }
}
