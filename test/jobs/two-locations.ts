import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSimulator } from '../../simulator/server.ts'
import { startJobs } from '../support/jobs.ts'

/**
 * Two locations: host-1 is a client of both, with number 7 on the second. `same` is another name of the first.
 */
export const startTwoLocations = async () => {
  const system = await startJobs({ segmentBytes: 1024 ** 3 })
  const data = await mkdtemp(join(tmpdir(), 'cinderless-east-'))
  const east = await startSimulator({
    data,
    location: 'east',
    devicesOf: (client) =>
      client === 7 ? system.cluster.simulator.devicesOf(1) : join(data, 'dev', String(client)),
  })
  const { 'host-1': first, ...others } = JSON.parse(process.env.HOSTS ?? '{}')
  process.env.HOSTS = JSON.stringify({ ...others, 'host-1': { ...first, clients: { east: 7, same: 1 } } })
  process.env.BACKENDS = JSON.stringify({
    east: { SP_API_HTTP_HOST: '127.0.0.1', SP_API_HTTP_PORT: east.port, SP_AUTH_TOKEN: east.token },
    same: { SP_API_HTTP_HOST: '127.0.0.1', SP_API_HTTP_PORT: system.cluster.simulator.port },
  })
  return {
    ...system,
    east,
    [Symbol.asyncDispose]: async () => {
      await system[Symbol.asyncDispose]()
      await east.close()
      await rm(data, { recursive: true, force: true })
    },
  }
}
export type TwoLocations = Awaited<ReturnType<typeof startTwoLocations>>
