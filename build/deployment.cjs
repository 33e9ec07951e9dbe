'use strict'

/**
 * What a deployment has only when it is asked for, which serverless.yml cannot say by itself: private subnets, the
 * extension that reads secrets, the secrets themselves, and who is told of alarms. Settings that would fail at a
 * function's first call fail here. docs/deploy.md lists them all.
 */

/** In one line: serverless would repeat an error at every place that asks for this file. */
const refuse = (why) => {
  console.error(why)
  process.exit(1)
}

/** The entries of a setting with commas in it. */
const list = (name) =>
  (process.env[name] ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')

/** The entries of a setting that is a JSON object of objects. */
const entries = (name) => {
  try {
    const value = Object.entries(JSON.parse(process.env[name] || '{}'))
    if (value.every(([, entry]) => typeof entry === 'object' && entry !== null)) return value
  } catch {
    // Neither is what it says repeated.
  }
  return refuse(`${name} is not a JSON object of objects.`)
}

for (const [name, { clientId, agent }] of entries('HOSTS')) {
  if (clientId !== undefined || agent !== undefined) continue
  refuse(`HOSTS has neither clientId nor agent for ${name}: give the address of its agent, or its client id.`)
}
const backends = entries('BACKENDS')
for (const [name, { SP_AUTH_TOKEN }] of backends) {
  if (SP_AUTH_TOKEN === undefined) continue
  refuse(
    `BACKENDS has the token of ${name}, for everybody to read who may look at a function. ` +
      'Put it into a secret, and the name of that into SP_AUTH_TOKEN_SECRET there.',
  )
}

/** What each way to tell who calls needs of the settings, one at least for each but the last. */
const ways = {
  keystone: ['OS_AUTH_URL'],
  static: ['AUTH_TOKENS_SECRET'],
  basic: ['AUTH_USERS_SECRET'],
  oidc: ['OIDC_ISSUER', 'OIDC_AUDIENCE'],
  'user:project': [],
}
const auth = list('CINDERLESS_AUTH')
for (const way of auth) {
  if (!Object.hasOwn(ways, way)) {
    refuse(`CINDERLESS_AUTH has ${way}, and not ${Object.keys(ways).join(', ')}.`)
  }
  const missing = ways[way].filter((name) => !process.env[name])
  if (missing.length > 0) refuse(`CINDERLESS_AUTH has ${way}, and ${missing.join(' and ')} is missing.`)
}
if (auth.length > 1 && auth.includes('user:project')) {
  refuse('CINDERLESS_AUTH has user:project, which lets everybody in, beside others: leave it out.')
}
if (process.env.IAM_ROLES) {
  const fits = (value) =>
    Object.entries(value).every(
      ([arn, role]) => arn.startsWith('arn:') && ['reader', 'member', 'admin'].includes(role),
    )
  let parsed
  try {
    parsed = JSON.parse(process.env.IAM_ROLES)
  } catch {
    // Is said below.
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed) || !fits(parsed)) {
    refuse('IAM_ROLES is not a JSON object of ARNs, each with reader, member or admin.')
  }
}

const subnetIds = list('SUBNET_IDS')
const securityGroupIds = list('SECURITY_GROUP_IDS')
if ((subnetIds.length === 0) !== (securityGroupIds.length === 0)) {
  refuse('SUBNET_IDS and SECURITY_GROUP_IDS belong together: give both or neither.')
}

const secrets = [
  process.env.SP_AUTH_TOKEN_SECRET || 'cinderless/storpool-token',
  ...backends.flatMap(([, { SP_AUTH_TOKEN_SECRET = [] }]) => SP_AUTH_TOKEN_SECRET),
]

/** A secret as a policy names it: to its name Secrets Manager adds a hyphen and six characters. */
const arnOf = (secret) => {
  if (secret.startsWith('arn:')) return secret
  return {
    'Fn::Sub': `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:${secret}-??????`,
  }
}

const keystoneSecret = process.env.OS_PASSWORD_SECRET || 'cinderless/keystone-password'
const callerSecrets = [
  ...(auth.includes('static') ? [process.env.AUTH_TOKENS_SECRET] : []),
  ...(auth.includes('basic') ? [process.env.AUTH_USERS_SECRET] : []),
]

module.exports = {
  vpc: subnetIds.length === 0 ? null : { subnetIds, securityGroupIds },
  layers: list('SECRETS_EXTENSION_LAYER'),
  secrets: [...new Set(secrets)].map(arnOf),
  agentSecrets: {
    attach: [arnOf(process.env.AGENT_ATTACH_SECRET || 'cinderless/agents-attach')],
    data: [arnOf(process.env.AGENT_DATA_SECRET || 'cinderless/agents-data')],
    backup: [arnOf(process.env.AGENT_BACKUP_SECRET || 'cinderless/agents-backup')],
    read: [arnOf(process.env.AGENT_READ_SECRET || 'cinderless/agents-read')],
  },
  keystoneSecret: [arnOf(keystoneSecret)],
  // A policy names one at least.
  callerSecrets: [
    ...(auth.includes('keystone') || callerSecrets.length === 0 ? [keystoneSecret] : []),
    ...callerSecrets,
  ].map(arnOf),
  storesSecret: [arnOf(process.env.STORES_SECRET || 'cinderless/stores')],
  alarmActions: list('ALARM_TOPIC_ARN'),
}
