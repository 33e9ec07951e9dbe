import { config } from '../../lib/config.ts'
import { listHosts } from '../../lib/hosts/read.ts'
import { hostsOf } from '../../lib/lambda/backend.ts'
import { endpoint } from '../../lib/lambda/endpoint.ts'
import { hostsHeard } from '../../lib/lambda/records.ts'

export const handler = endpoint(async () => listHosts(await hostsOf(config()).all(), hostsHeard()))
