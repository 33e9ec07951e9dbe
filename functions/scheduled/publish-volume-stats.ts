import { publishing } from '../../lib/lambda/publishing.ts'
import { scheduled } from '../../lib/lambda/schedule.ts'
import { publishVolumeStats } from '../../lib/stats/publish.ts'

export const handler = scheduled((invocation) => publishVolumeStats(publishing(invocation)))
