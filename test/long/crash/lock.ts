import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Place } from './place.ts'
import { until } from './wait.ts'

/** Somebody else at work on a repository, who needs it alone, until this is disposed of. */
export const holdingLock = async ({ path, password }: Place['repository']) => {
  const before = new Set(await readdir(join(path, 'locks')))
  const env = {
    PATH: process.env.PATH,
    RESTIC_REPOSITORY: path,
    RESTIC_PASSWORD: password,
    RESTIC_CACHE_DIR: `${path}.cache`,
  }
  const holder = spawn('restic', ['check', '--read-data'], { env, stdio: 'ignore' })
  const over = once(holder, 'exit')
  const end = () => holder.kill('SIGKILL')
  process.once('exit', end)
  await until(
    'the lock',
    async () => ((await readdir(join(path, 'locks'))).some((name) => !before.has(name)) ? true : undefined),
    1,
  )
  holder.kill('SIGSTOP')
  return {
    [Symbol.asyncDispose]: async () => {
      holder.kill('SIGCONT')
      await over
      process.off('exit', end)
    },
  }
}
