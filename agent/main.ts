import { parseArgs } from 'node:util'
import { logger } from '../lib/log.ts'
import { CannotStart, readConfig } from './config.ts'
import { startAgent } from './server.ts'

const usage = `The host agent: waits for StorPool devices on this host and copies images into them.

  npm run agent -- --config FILE

  --config FILE   its configuration, JSON; see agent/README.md
  --help          this text`

const fail = (line: string): never => {
  console.error(line)
  process.exit(1)
}

const argumentsOf = () => {
  try {
    return parseArgs({ options: { config: { type: 'string' }, help: { type: 'boolean' } } }).values
  } catch (error) {
    return fail(`${String(error)}\n\n${usage}`)
  }
}

const { config, help } = argumentsOf()
if (help) {
  console.log(usage)
  process.exit(0)
}
if (config === undefined) fail(`A configuration is needed: --config FILE\n\n${usage}`)

try {
  const agent = await startAgent(await readConfig(config ?? ''), logger())
  for (const line of agent.missing) console.error(line)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void agent.close().then(() => process.exit(0)))
  }
  console.log(`ready ${agent.url}`)
} catch (error) {
  if (error instanceof CannotStart) fail(error.message)
  throw error
}
