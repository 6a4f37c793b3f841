import type { EventBody } from '../../events/event.js';
import { instantOfMicros } from '../../events/instant.js';
import { parseOrdererConfig, parsePeerConfig } from '../config-dump.js';
import { consoleLine, definePattern, type Pattern, wholeNumber } from '../pattern.js';

const ORDERER_MAIN = ['orderer.common.server', 'orderer.main'];
const GO_TIME = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)? ([+-]\d\d)(\d\d)(?: \S+)?$/;

/** `1.4.12` of `Version: v1.4.12`; null where the banner has no version line. */
function versionOf(banner: string): string | null {
  const version = /^\s*Version: v?(\S+)/m.exec(banner)?.[1];
  return version === undefined || version === '' ? null : version;
}

/** A Go `time.Time` as `%s` prints it, `2036-11-19 10:24:00 +0000 UTC`. */
function expiryOf(text: string, certificate: string): EventBody | null {
  const time = GO_TIME.exec(text);
  const millis = time === null ? Number.NaN : Date.parse(`${time[1]}T${time[2]}${time[3]}:${time[4]}`);
  if (Number.isNaN(millis)) return null;
  return { kind: 'process.certificate-noted', certificate, expiresAt: instantOfMicros(millis * 1000), expired: false };
}

/** Start, configuration and stop of a peer or orderer process. */
export const NODE_PROCESS_PATTERNS: readonly Pattern[] = [
  definePattern({
    name: 'peer-banner',
    loggers: ['nodeCmd'],
    fabric: '1.0.0+',
    hint: 'Starting peer:',
    message: /^Starting peer:/,
    multiLine: true,
    toEvent: (_, record) => ({ kind: 'process.banner', role: 'peer', fabricVersion: versionOf(record.whole) }),
    samples: [
      {
        line: '2026-11-22 10:31:00.959 UTC [nodeCmd] serve -> INFO 001 Starting peer:\n Version: 1.4.12\n Commit SHA: v1.4.12\n Go version: go1.19.8\n OS/Arch: linux/amd64\n Chaincode:\n  Base Image Version: 0.4.22\n  Base Docker Namespace: hyperledger\n  Base Docker Label: org.hyperledger.fabric\n  Docker Namespace: hyperledger',
        expect: { kind: 'process.banner', role: 'peer', fabricVersion: '1.4.12' },
      },
      {
        line: '2026-11-22 10:55:45.004 UTC [nodeCmd] serve -> INFO 001 Starting peer:\n Version: 2.2.15\n Commit SHA: v2.2.15\n Go version: go1.19.8\n OS/Arch: linux/amd64\n Chaincode:\n  Base Docker Label: org.hyperledger.fabric\n  Docker Namespace: hyperledger',
        expect: { kind: 'process.banner', role: 'peer', fabricVersion: '2.2.15' },
      },
      {
        line: '2026-11-22 11:09:01.662 UTC [nodeCmd] serve -> INFO 001 Starting peer:\n Version: 1.0.6\n Go version: go1.19.8\n OS/Arch: linux/amd64\n Chaincode:\n  Base Image Version: 0.4.22\n  Base Docker Namespace: hyperledger\n  Base Docker Label: org.hyperledger.fabric\n  Docker Namespace: hyperledger',
        expect: { kind: 'process.banner', role: 'peer', fabricVersion: '1.0.6' },
      },
      {
        line: '2026-11-22 11:09:01.702 UTC [nodeCmd] serve -> INFO 001 Starting peer:\n Version: 1.1.1\n Go version: go1.19.8\n OS/Arch: linux/amd64\n Experimental features: \n Chaincode:\n  Base Image Version: 0.4.22\n  Base Docker Namespace: hyperledger\n  Base Docker Label: org.hyperledger.fabric\n  Docker Namespace: hyperledger',
        expect: { kind: 'process.banner', role: 'peer', fabricVersion: '1.1.1' },
      },
    ],
  }),
  definePattern({
    name: 'orderer-banner',
    loggers: ORDERER_MAIN,
    fabric: '1.0.0+',
    hint: 'Starting orderer:',
    message: /^Starting orderer:/,
    multiLine: true,
    toEvent: (_, record) => ({ kind: 'process.banner', role: 'orderer', fabricVersion: versionOf(record.whole) }),
    samples: [
      {
        line: '2026-11-22 10:30:54.315 UTC [orderer.common.server] Start -> INFO 009 Starting orderer:\n Version: 1.4.12\n Commit SHA: v1.4.12\n Go version: go1.19.8\n OS/Arch: linux/amd64',
        expect: { kind: 'process.banner', role: 'orderer', fabricVersion: '1.4.12' },
      },
      {
        line: '2026-11-22 11:08:57.453 UTC [orderer/main] main -> INFO 001 Starting orderer:\n Version: 1.0.6\n Go version: go1.19.8\n OS/Arch: linux/amd64',
        expect: { kind: 'process.banner', role: 'orderer', fabricVersion: '1.0.6' },
      },
      {
        line: '2026-11-22 11:08:57.566 UTC [orderer/common/server] Start -> INFO 005 Starting orderer:\n Version: 1.1.1\n Go version: go1.19.8\n OS/Arch: linux/amd64\n Experimental features: ',
        expect: { kind: 'process.banner', role: 'orderer', fabricVersion: '1.1.1' },
      },
      {
        line: '2026-11-22 11:12:37.560 UTC [orderer/common/server] Start -> INFO 006 Starting orderer:\n Version: 1.2.1\n Commit SHA: dev\n Go version: go1.19.8\n OS/Arch: linux/amd64\n Experimental features: true',
        expect: { kind: 'process.banner', role: 'orderer', fabricVersion: '1.2.1' },
      },
    ],
  }),
  definePattern({
    name: 'peer-config',
    loggers: ['nodeCmd'],
    fabric: '2.2.11-2.2.15, 2.5.0+',
    hint: 'Peer config with combined core.yaml settings',
    message: /^Peer config with combined core\.yaml settings and environment variable overrides:\n(?<yaml>[\s\S]*)$/,
    multiLine: true,
    toEvent: (group) => ({ kind: 'process.config-printed', role: 'peer', settings: parsePeerConfig(group('yaml')) }),
    samples: [
      {
        line: '2026-11-22 10:55:45.005 UTC [nodeCmd] serve -> INFO 002 Peer config with combined core.yaml settings and environment variable overrides:\nchaincode:\n  builder: $(DOCKER_NS)/fabric-ccenv:$(TWO_DIGIT_VERSION)\n  executetimeout: 30s\n  externalBuilders: []\n  golang:\n    dynamicLink: false\n    runtime: $(DOCKER_NS)/fabric-baseos:$(TWO_DIGIT_VERSION)\n  id:\n    name: null\n    path: null\n  installTimeout: 300s\n  java:\n    runtime: $(DOCKER_NS)/fabric-javaenv:$(TWO_DIGIT_VERSION)',
        expect: {
          kind: 'process.config-printed',
          role: 'peer',
          settings: {
            'chaincode.builder': '$(DOCKER_NS)/fabric-ccenv:$(TWO_DIGIT_VERSION)',
            'chaincode.executetimeout': '30s',
            'chaincode.externalbuilders': '',
            'chaincode.golang.dynamiclink': 'false',
            'chaincode.golang.runtime': '$(DOCKER_NS)/fabric-baseos:$(TWO_DIGIT_VERSION)',
            'chaincode.installtimeout': '300s',
            'chaincode.java.runtime': '$(DOCKER_NS)/fabric-javaenv:$(TWO_DIGIT_VERSION)',
          },
        },
      },
      {
        line: '2026-11-22 11:22:29.006 UTC 0002 INFO [nodeCmd] serve -> Peer config with combined core.yaml settings and environment variable overrides:\nchaincode:\n  builder: $(DOCKER_NS)/fabric-ccenv:$(TWO_DIGIT_VERSION)\n  executetimeout: 30s\n  externalbuilders:\n  - name: ccaas_builder\n    path: /opt/hyperledger/ccaas_builder\n    propagateEnvironment:\n    - CHAINCODE_AS_A_SERVICE_BUILDER_CONFIG\n  golang:\n    dynamiclink: false\n    runtime: $(DOCKER_NS)/fabric-baseos:$(TWO_DIGIT_VERSION)\n  installtimeout: 300s\n  java:',
        expect: {
          kind: 'process.config-printed',
          role: 'peer',
          settings: {
            'chaincode.builder': '$(DOCKER_NS)/fabric-ccenv:$(TWO_DIGIT_VERSION)',
            'chaincode.executetimeout': '30s',
            'chaincode.externalbuilders.path': '/opt/hyperledger/ccaas_builder',
            'chaincode.golang.dynamiclink': 'false',
            'chaincode.golang.runtime': '$(DOCKER_NS)/fabric-baseos:$(TWO_DIGIT_VERSION)',
            'chaincode.installtimeout': '300s',
            'chaincode.externalbuilders': 'name: ccaas_builder',
            'chaincode.externalbuilders.propagateenvironment': 'CHAINCODE_AS_A_SERVICE_BUILDER_CONFIG',
          },
        },
      },
    ],
  }),
  definePattern({
    name: 'orderer-config',
    loggers: ORDERER_MAIN,
    fabric: '1.1.0+',
    hint: 'Orderer config values:',
    message: /^Orderer config values:\n(?<lines>[\s\S]*)$/,
    multiLine: true,
    toEvent: (group) => ({ kind: 'process.config-printed', role: 'orderer', settings: parseOrdererConfig(group('lines')) }),
    samples: [
      {
        line: '2026-11-22 10:30:54.287 UTC [orderer.common.server] prettyPrintStruct -> INFO 002 Orderer config values:\n\tGeneral.LedgerType = "file"\n\tGeneral.ListenAddress = "0.0.0.0"\n\tGeneral.ListenPort = 7050\n\tGeneral.TLS.Enabled = true\n\tGeneral.TLS.PrivateKey = "/var/hyperledger/orderer/tls/server.key"\n\tGeneral.TLS.Certificate = "/var/hyperledger/orderer/tls/server.crt"\n\tGeneral.TLS.RootCAs = [/var/hyperledger/orderer/tls/ca.crt]\n\tGeneral.TLS.ClientAuthRequired = false\n\tGeneral.TLS.ClientRootCAs = []\n\tGeneral.TLS.TLSHandshakeTimeShift = 0s\n\tGeneral.Cluster.ListenAddress = ""\n\tGeneral.Cluster.ListenPort = 0\n\tGeneral.Cluster.ServerCertificate = ""',
        expect: {
          kind: 'process.config-printed',
          role: 'orderer',
          settings: {
            'general.ledgertype': 'file',
            'general.listenaddress': '0.0.0.0',
            'general.listenport': '7050',
            'general.tls.enabled': 'true',
            'general.tls.privatekey': '/var/hyperledger/orderer/tls/server.key',
            'general.tls.certificate': '/var/hyperledger/orderer/tls/server.crt',
            'general.tls.rootcas': '/var/hyperledger/orderer/tls/ca.crt',
            'general.tls.clientauthrequired': 'false',
            'general.tls.clientrootcas': '',
            'general.tls.tlshandshaketimeshift': '0s',
            'general.cluster.listenaddress': '',
            'general.cluster.listenport': '0',
            'general.cluster.servercertificate': '',
          },
        },
      },
      {
        line: '2026-11-22 10:55:45.815 UTC [orderer.common.server] prettyPrintStruct -> INFO 003 Orderer config values:\n\tGeneral.ListenAddress = "0.0.0.0"\n\tGeneral.ListenPort = 7050\n\tGeneral.TLS.Enabled = true\n\tGeneral.TLS.PrivateKey = "/var/hyperledger/orderer/tls/server.key"\n\tGeneral.TLS.Certificate = "/var/hyperledger/orderer/tls/server.crt"\n\tGeneral.TLS.RootCAs = [/var/hyperledger/orderer/tls/ca.crt]\n\tGeneral.TLS.ClientAuthRequired = false\n\tGeneral.TLS.ClientRootCAs = []\n\tGeneral.TLS.TLSHandshakeTimeShift = 0s\n\tGeneral.Cluster.ListenAddress = ""\n\tGeneral.Cluster.ListenPort = 0\n\tGeneral.Cluster.ServerCertificate = ""\n\tGeneral.Cluster.ServerPrivateKey = ""',
        expect: {
          kind: 'process.config-printed',
          role: 'orderer',
          settings: {
            'general.listenaddress': '0.0.0.0',
            'general.listenport': '7050',
            'general.tls.enabled': 'true',
            'general.tls.privatekey': '/var/hyperledger/orderer/tls/server.key',
            'general.tls.certificate': '/var/hyperledger/orderer/tls/server.crt',
            'general.tls.rootcas': '/var/hyperledger/orderer/tls/ca.crt',
            'general.tls.clientauthrequired': 'false',
            'general.tls.clientrootcas': '',
            'general.tls.tlshandshaketimeshift': '0s',
            'general.cluster.listenaddress': '',
            'general.cluster.listenport': '0',
            'general.cluster.servercertificate': '',
            'general.cluster.serverprivatekey': '',
          },
        },
      },
      {
        line: '2026-11-22 11:08:57.547 UTC [orderer/common/server] prettyPrintStruct -> INFO 001 Orderer config values:\n\tGeneral.LedgerType = "file"\n\tGeneral.ListenAddress = "127.0.1.1"\n\tGeneral.ListenPort = 7050\n\tGeneral.TLS.Enabled = true\n\tGeneral.TLS.PrivateKey = "/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/server.key"\n\tGeneral.TLS.Certificate = "/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/server.crt"\n\tGeneral.TLS.RootCAs = [/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/ca.crt]\n\tGeneral.TLS.ClientAuthRequired = false\n\tGeneral.TLS.ClientRootCAs = []\n\tGeneral.Keepalive.ServerMinInterval = 1m0s\n\tGeneral.Keepalive.ServerInterval = 2h0m0s\n\tGeneral.Keepalive.ServerTimeout = 20s\n\tGeneral.GenesisMethod = "file"',
        expect: {
          kind: 'process.config-printed',
          role: 'orderer',
          settings: {
            'general.ledgertype': 'file',
            'general.listenaddress': '127.0.1.1',
            'general.listenport': '7050',
            'general.tls.enabled': 'true',
            'general.tls.privatekey': '/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/server.key',
            'general.tls.certificate': '/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/server.crt',
            'general.tls.rootcas': '/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/ca.crt',
            'general.tls.clientauthrequired': 'false',
            'general.tls.clientrootcas': '',
            'general.keepalive.servermininterval': '1m0s',
            'general.keepalive.serverinterval': '2h0m0s',
            'general.keepalive.servertimeout': '20s',
            'general.genesismethod': 'file',
          },
        },
      },
      {
        line: '2026-11-22 11:10:10.962 UTC [orderer.common.server] prettyPrintStruct -> INFO 002 Orderer config values:\n\tGeneral.LedgerType = "file"\n\tGeneral.ListenAddress = "127.0.1.1"\n\tGeneral.ListenPort = 7050\n\tGeneral.TLS.Enabled = true\n\tGeneral.TLS.PrivateKey = "/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/server.key"\n\tGeneral.TLS.Certificate = "/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/server.crt"\n\tGeneral.TLS.RootCAs = [/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/ca.crt]\n\tGeneral.TLS.ClientAuthRequired = false\n\tGeneral.TLS.ClientRootCAs = []\n\tGeneral.Cluster.RootCAs = [/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/ca.crt]\n\tGeneral.Cluster.ClientCertificate = "/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/server.crt"\n\tGeneral.Cluster.ClientPrivateKey = "/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/server.key"\n\tGeneral.Cluster.DialTimeout = 5s',
        expect: {
          kind: 'process.config-printed',
          role: 'orderer',
          settings: {
            'general.ledgertype': 'file',
            'general.listenaddress': '127.0.1.1',
            'general.listenport': '7050',
            'general.tls.enabled': 'true',
            'general.tls.privatekey': '/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/server.key',
            'general.tls.certificate': '/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/server.crt',
            'general.tls.rootcas': '/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/ca.crt',
            'general.tls.clientauthrequired': 'false',
            'general.tls.clientrootcas': '',
            'general.cluster.rootcas': '/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/ca.crt',
            'general.cluster.clientcertificate': '/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/server.crt',
            'general.cluster.clientprivatekey': '/opt/fabricOrganizations/example.com/orderers/orderer.example.com/tls/server.key',
            'general.cluster.dialtimeout': '5s',
          },
        },
      },
    ],
  }),
  definePattern({
    name: 'peer-identified',
    loggers: ['nodeCmd'],
    fabric: '1.0.0+',
    hint: 'Starting peer with ID=[',
    message: /^Starting peer with ID=\[(?:name:"(?<name>[^"]*)" *|(?<id>.*?))\], network ID=\[(?<network>.*?)\], address=\[(?<address>.*?)\]$/,
    toEvent: (group) => ({
      kind: 'process.identified',
      id: group('name') || group('id'),
      networkId: group('network') || null,
      endpoint: group('address'),
    }),
    samples: [
      {
        line: '2026-11-22 10:31:01.041 UTC [nodeCmd] serve -> INFO 01f Starting peer with ID=[name:"peer0.org1.example.com" ], network ID=[dev], address=[peer0.org1.example.com:7051]',
        expect: { kind: 'process.identified', id: 'peer0.org1.example.com', networkId: 'dev', endpoint: 'peer0.org1.example.com:7051' },
      },
      {
        line: '2026-11-22 10:55:45.858 UTC [nodeCmd] serve -> INFO 01d Starting peer with ID=[peer0.org1.example.com], network ID=[dev], address=[peer0.org1.example.com:7051]',
        expect: { kind: 'process.identified', id: 'peer0.org1.example.com', networkId: 'dev', endpoint: 'peer0.org1.example.com:7051' },
      },
      {
        line: '2026-11-22 11:22:29.821 UTC 0020 INFO [nodeCmd] serve -> Starting peer with ID=[peer0.org1.example.com], network ID=[dev], address=[peer0.org1.example.com:7051]',
        expect: { kind: 'process.identified', id: 'peer0.org1.example.com', networkId: 'dev', endpoint: 'peer0.org1.example.com:7051' },
      },
    ],
  }),
  definePattern({
    name: 'peer-serving',
    loggers: ['nodeCmd'],
    fabric: '1.0.0+',
    hint: 'Started peer with ID=[',
    message: /^Started peer with ID=\[/,
    toEvent: () => ({ kind: 'process.serving', role: 'peer' }),
    samples: [
      {
        line: '2026-11-22 10:31:01.041 UTC [nodeCmd] serve -> INFO 021 Started peer with ID=[name:"peer0.org1.example.com" ], network ID=[dev], address=[peer0.org1.example.com:7051]',
        expect: { kind: 'process.serving', role: 'peer' },
      },
      {
        line: '2026-11-22 10:55:45.858 UTC [nodeCmd] serve -> INFO 01f Started peer with ID=[peer0.org1.example.com], network ID=[dev], address=[peer0.org1.example.com:7051]',
        expect: { kind: 'process.serving', role: 'peer' },
      },
      {
        line: '2026-11-22 11:22:29.822 UTC 0021 INFO [nodeCmd] serve -> Started peer with ID=[peer0.org1.example.com], network ID=[dev], address=[peer0.org1.example.com:7051]',
        expect: { kind: 'process.serving', role: 'peer' },
      },
    ],
  }),
  definePattern({
    name: 'orderer-serving',
    loggers: ORDERER_MAIN,
    fabric: '1.0.0+',
    hint: 'Beginning to serve requests',
    message: /^Beginning to serve requests$/,
    toEvent: () => ({ kind: 'process.serving', role: 'orderer' }),
    samples: [
      {
        line: '2026-11-22 10:30:54.315 UTC [orderer.common.server] Start -> INFO 00a Beginning to serve requests',
        expect: { kind: 'process.serving', role: 'orderer' },
      },
      {
        line: '2026-11-22 11:08:57.505 UTC [orderer/main] main -> INFO 005 Beginning to serve requests',
        expect: { kind: 'process.serving', role: 'orderer' },
      },
      {
        line: '2026-11-22 11:08:57.566 UTC [orderer/common/server] Start -> INFO 006 Beginning to serve requests',
        expect: { kind: 'process.serving', role: 'orderer' },
      },
      {
        line: '2026-11-22 11:22:25.152 UTC 0010 INFO [orderer.common.server] Main -> Beginning to serve requests',
        expect: { kind: 'process.serving', role: 'orderer' },
      },
    ],
  }),
  definePattern({
    name: 'address-detected',
    loggers: ['peer'],
    fabric: '1.0.0+',
    hint: 'detected peer address: ',
    message: /^Auto[- ]detected peer address: (?<address>\S+)$/,
    toEvent: (group) => ({ kind: 'process.address-detected', address: group('address') }),
    samples: [
      {
        line: '2026-11-22 10:31:01.014 UTC [peer] func1 -> INFO 006 Auto-detected peer address: 172.19.0.4:7051',
        expect: { kind: 'process.address-detected', address: '172.19.0.4:7051' },
      },
      {
        line: '2026-11-22 11:01:44.307 UTC [peer] func1 -> INFO 006 Auto-detected peer address: :7051',
        expect: { kind: 'process.address-detected', address: ':7051' },
      },
      {
        line: '2026-11-22 11:22:29.006 UTC 0003 INFO [peer] getLocalAddress -> Auto-detected peer address: 10.99.0.1:7051',
        expect: { kind: 'process.address-detected', address: '10.99.0.1:7051' },
      },
      {
        line: consoleLine('INFO', 'peer', 'Auto detected peer address: 172.19.0.4:7051'),
        source: 'Fabric 1.0 core/peer/config.go',
        expect: { kind: 'process.address-detected', address: '172.19.0.4:7051' },
      },
    ],
  }),
  definePattern({
    name: 'address-used',
    loggers: ['peer'],
    fabric: '1.1.0+',
    hint: 'eturning ',
    message: /^(?:Auto-detect flag is set, returning|Returning) (?<endpoint>\S+)$/,
    toEvent: (group) => ({ kind: 'process.address-used', endpoint: group('endpoint') }),
    samples: [
      {
        line: '2026-11-22 10:31:01.014 UTC [peer] func1 -> INFO 007 Returning peer0.org1.example.com:7051',
        expect: { kind: 'process.address-used', endpoint: 'peer0.org1.example.com:7051' },
      },
      {
        line: '2026-11-22 11:22:29.006 UTC 0004 INFO [peer] getLocalAddress -> Returning peer0.org1.example.com:7051',
        expect: { kind: 'process.address-used', endpoint: 'peer0.org1.example.com:7051' },
      },
      {
        line: consoleLine('INFO', 'peer', 'Auto-detect flag is set, returning 172.19.0.4:7051'),
        source: 'Fabric 1.1-3.1 core/peer/config.go',
        expect: { kind: 'process.address-used', endpoint: '172.19.0.4:7051' },
      },
    ],
  }),
  definePattern({
    name: 'address-fallback',
    loggers: ['peer'],
    fabric: '1.1.0+',
    hint: 'falling back to auto-detected address: ',
    message: /^Host is .*?, falling back to auto-detected address: (?<endpoint>\S+)$/,
    toEvent: (group) => ({ kind: 'process.address-used', endpoint: group('endpoint') }),
    samples: [
      {
        line: consoleLine('INFO', 'peer', 'Host is 0.0.0.0 , falling back to auto-detected address: 172.19.0.4:7051'),
        source: 'Fabric 1.1-3.1 core/peer/config.go',
        expect: { kind: 'process.address-used', endpoint: '172.19.0.4:7051' },
      },
    ],
  }),
  definePattern({
    name: 'peer-tls-enabled',
    loggers: ['nodeCmd'],
    fabric: '1.0.0+',
    hint: 'Starting peer with TLS enabled',
    message: /^Starting peer with TLS enabled$/,
    toEvent: () => ({ kind: 'process.tls-enabled', role: 'peer' }),
    samples: [
      {
        line: '2026-11-22 10:31:01.016 UTC [nodeCmd] serve -> INFO 00a Starting peer with TLS enabled',
        expect: { kind: 'process.tls-enabled', role: 'peer' },
      },
      {
        line: '2026-11-22 11:22:29.013 UTC 0008 INFO [nodeCmd] serve -> Starting peer with TLS enabled',
        expect: { kind: 'process.tls-enabled', role: 'peer' },
      },
    ],
  }),
  definePattern({
    name: 'orderer-tls-enabled',
    loggers: ORDERER_MAIN,
    fabric: '1.0.0+',
    hint: 'Starting orderer with ',
    message: /^Starting orderer with (?:mutual )?TLS enabled$/,
    toEvent: () => ({ kind: 'process.tls-enabled', role: 'orderer' }),
    samples: [
      {
        line: '2026-11-22 10:30:54.297 UTC [orderer.common.server] initializeServerConfig -> INFO 004 Starting orderer with TLS enabled',
        expect: { kind: 'process.tls-enabled', role: 'orderer' },
      },
      {
        line: '2026-11-22 11:08:57.457 UTC [orderer/main] initializeSecureServerConfig -> INFO 002 Starting orderer with TLS enabled',
        expect: { kind: 'process.tls-enabled', role: 'orderer' },
      },
      {
        line: '2026-11-22 11:08:57.547 UTC [orderer/common/server] initializeServerConfig -> INFO 002 Starting orderer with TLS enabled',
        expect: { kind: 'process.tls-enabled', role: 'orderer' },
      },
      {
        line: '2026-11-22 11:22:25.014 UTC 0003 INFO [orderer.common.server] initializeServerConfig -> Starting orderer with TLS enabled',
        expect: { kind: 'process.tls-enabled', role: 'orderer' },
      },
      {
        line: consoleLine('INFO', 'orderer.common.server', 'Starting orderer with mutual TLS enabled'),
        source: 'Fabric 1.1-3.1 orderer/common/server/main.go',
        expect: { kind: 'process.tls-enabled', role: 'orderer' },
      },
    ],
  }),
  definePattern({
    name: 'signal-received',
    loggers: ['nodeCmd', ...ORDERER_MAIN],
    fabric: '1.4.0+',
    hint: 'Received signal: ',
    message: /^Received signal: (?<signal>\d+) \(.*\)$/,
    toEvent: (group) => ({ kind: 'process.stopping', how: 'signal', signal: wholeNumber(group('signal')) }),
    samples: [
      {
        line: '2026-11-22 11:11:16.344 UTC [orderer.common.server] handleSignals -> INFO 014 Received signal: 15 (terminated)',
        expect: { kind: 'process.stopping', how: 'signal', signal: 15 },
      },
      {
        line: '2026-11-22 11:11:16.344 UTC [nodeCmd] handleSignals -> INFO 056 Received signal: 15 (terminated)',
        expect: { kind: 'process.stopping', how: 'signal', signal: 15 },
      },
      {
        line: '2026-11-22 11:23:38.318 UTC 001e INFO [orderer.common.server] func1 -> Received signal: 15 (terminated)',
        expect: { kind: 'process.stopping', how: 'signal', signal: 15 },
      },
      {
        line: '2026-11-22 11:23:38.310 UTC 005f INFO [nodeCmd] func1 -> Received signal: 15 (terminated)',
        expect: { kind: 'process.stopping', how: 'signal', signal: 15 },
      },
    ],
  }),
  definePattern({
    name: 'main-exiting',
    loggers: ['main'],
    fabric: '1.0.0-1.1.1',
    hint: 'Exiting.....',
    message: /^Exiting\.{5}$/,
    toEvent: () => ({ kind: 'process.stopping', how: 'exit', signal: null }),
    samples: [
      { line: '2026-11-22 11:10:02.997 UTC [main] main -> INFO 031 Exiting.....', expect: { kind: 'process.stopping', how: 'exit', signal: null } },
    ],
  }),
  definePattern({
    name: 'certificate-will-expire',
    loggers: ['certmonitor'],
    fabric: '1.4.0+',
    hint: 'certificate will expire on ',
    message: /^The (?<certificate>.+?) certificate will expire on (?<time>.+)$/,
    toEvent: (group) => expiryOf(group('time'), group('certificate')),
    samples: [
      {
        line: '2026-11-22 10:30:54.309 UTC [certmonitor] trackCertExpiration -> INFO 005 The enrollment certificate will expire on 2036-11-19 10:24:00 +0000 UTC',
        expect: { kind: 'process.certificate-noted', certificate: 'enrollment', expiresAt: instantOfMicros(2110703040000000), expired: false },
      },
      {
        line: '2026-11-22 10:30:54.309 UTC [certmonitor] trackCertExpiration -> INFO 006 The server TLS certificate will expire on 2036-11-19 10:24:00 +0000 UTC',
        expect: { kind: 'process.certificate-noted', certificate: 'server TLS', expiresAt: instantOfMicros(2110703040000000), expired: false },
      },
      {
        line: '2026-11-22 11:22:25.127 UTC 000b INFO [certmonitor] trackCertExpiration -> The enrollment certificate will expire on 2036-11-19 10:40:00 +0000 UTC',
        expect: { kind: 'process.certificate-noted', certificate: 'enrollment', expiresAt: instantOfMicros(2110704000000000), expired: false },
      },
      {
        line: '2026-11-22 11:22:25.127 UTC 000c INFO [certmonitor] trackCertExpiration -> The server TLS certificate will expire on 2036-11-19 10:40:00 +0000 UTC',
        expect: { kind: 'process.certificate-noted', certificate: 'server TLS', expiresAt: instantOfMicros(2110704000000000), expired: false },
      },
    ],
  }),
  definePattern({
    name: 'certificate-expires-soon',
    loggers: ['certmonitor'],
    fabric: '1.4.0+',
    hint: 'certificate will expire within one week',
    message: /^The (?<certificate>.+?) certificate will expire within one week/,
    toEvent: (group) => ({ kind: 'process.certificate-noted', certificate: group('certificate'), expiresAt: null, expired: false }),
    samples: [
      {
        line: consoleLine('WARN', 'certmonitor', 'The enrollment certificate will expire within one week'),
        source: 'Fabric 1.4-3.1 common/crypto/expiration.go',
        expect: { kind: 'process.certificate-noted', certificate: 'enrollment', expiresAt: null, expired: false },
      },
    ],
  }),
  definePattern({
    name: 'certificate-expired',
    loggers: ['certmonitor'],
    fabric: '1.4.0+',
    hint: 'certificate has expired',
    message: /^The (?<certificate>.+?) certificate has expired/,
    toEvent: (group) => ({ kind: 'process.certificate-noted', certificate: group('certificate'), expiresAt: null, expired: true }),
    samples: [
      {
        line: consoleLine('WARN', 'certmonitor', 'The server TLS certificate has expired'),
        source: 'Fabric 1.4-3.1 common/crypto/expiration.go',
        expect: { kind: 'process.certificate-noted', certificate: 'server TLS', expiresAt: null, expired: true },
      },
    ],
  }),
];
