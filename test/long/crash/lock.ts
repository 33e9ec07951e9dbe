import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Place } from './place.ts'
import { until } from './wait.ts'

/** Somebody else at work on a repository, who needs it alone, until this is disposed of. */
export const holdingLock = async ({ path, password }: Place['repository']) => {
  // What is being written has another name until it holds.
  const locks = async () => (await readdir(join(path, 'locks'))).filter((name) => /^[0-9a-f]{64}$/.test(name))
  const others = new Set(await locks())
  const env = {
    PATH: process.env.PATH,
    RESTIC_REPOSITORY: path,
    RESTIC_PASSWORD: password,
    RESTIC_CACHE_DIR: `${path}.cache`,
  }
  const isHeld = async () => (await locks()).some((name) => !others.has(name))
  // Whoever is done before it is stopped holds nothing: again, then.
  for (;;) {
    const holder = spawn('restic', ['check', '--read-data'], { env, stdio: 'ignore' })
    const over = once(holder, 'exit')
    const end = () => holder.kill('SIGKILL')
    process.once('exit', end)
    await until('the lock', async () => ((await isHeld()) || holder.exitCode !== null ? true : undefined), 1)
    holder.kill('SIGSTOP')
    const letGo = async () => {
      holder.kill('SIGCONT')
      await over
      process.off('exit', end)
    }
    if (await isHeld()) return { [Symbol.asyncDispose]: letGo }
    await letGo()
  }
}
