// duo.js HOST CAFILE SIGVERSION IKEY SKEY: reads one JSON list a line, ["POST", "/path", {parameters}], and answers each
// with the body of the reply on one line. The client has no option for a certificate authority: what it trusts stands in
// its constants, where ours is added.
'use strict'
const fs = require('fs')
const readline = require('readline')
const constants = require('@duosecurity/duo_api/lib/constants')
const duo = require('@duosecurity/duo_api')

const [host, cafile, version, ikey, skey] = process.argv.slice(2)
constants.DUO_PINNED_CERT = fs.readFileSync(cafile, 'utf8')
const client = new duo.Client(ikey, skey, host,
  version === '5' ? duo.SIGNATURE_VERSION_5 : duo.SIGNATURE_VERSION_2)

async function main () {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [method, path, parameters] = JSON.parse(line)
    const body = await new Promise(resolve => client.apiCall(method, path, parameters, resolve))
    process.stdout.write(body.replaceAll('\n', ' ') + '\n')
  }
}
main()
