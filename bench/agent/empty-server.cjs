// An HTTPS server that does nothing: what it takes is Node's own share of what the agent takes. CommonJS as the
// agent's bundle is.
const { readFileSync } = require('node:fs')
const { createServer } = require('node:https')

const [ca, cert, key] = process.argv.slice(2).map((file) => readFileSync(file))
const server = createServer({ ca, cert, key, requestCert: true, minVersion: 'TLSv1.3' }, (_, response) => {
  response.end()
})
server.listen(0, '127.0.0.1', () => console.log(`ready https://127.0.0.1:${server.address().port}`))
