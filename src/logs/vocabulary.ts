import { CATALOGUE } from './patterns/catalogue.js';

/** Words of logs' layouts, of Docker, of paths and top-level domains: they name no network. */
const COMMON =
  'com org net edu gov mil int info biz dev test local localhost localdomain internal lan home intranet svc cluster default io co uk de fr cn jp us eu ' +
  'utc gmt cet cest est edt cst cdt mst mdt pst pdt bst ist jst jan feb mar apr may jun jul aug sep oct nov dec debu info warn erro noti crit dpan pani fata leve debug warning error panic fatal ' +
  'level name caller msg num log stream time stdout stderr attrs logger func true false null nil map unix tcp udp http https grpc grpcs tls ssl dns sni ' +
  'events marks ndjson bundle cafile certfile keyfile clientauth channelid blockpath outputblock orderertlshostnameoverride conntimeout timeout waitforevent peeraddresses tlsrootcertfiles collections policy sequence label isinit ctor lang lscc cscc qscc escc vscc sys system localmsp peer peers orderer orderers cli ca cas tools couchdb chaincode chaincodes ccenv baseos javaenv nodeenv fabric hyperledger gossip channel channels msp block blocks ledger ledgers node nodes start ' +
  'join create update fetch getinfo list install approve approveformyorg commit checkcommitreadiness querycommitted queryinstalled instantiate upgrade invoke query package version signcommit lifecycle config genesis ' +
  'anchors anchor bash sh exec bin usr var lib opt etc home root tmp mnt srv data src run run sock docker containers volumes overlay overlay2 diff merged work init hosts hostname resolv conf log logs packets captures json pcap pcapng gz txt out err yaml yml tx ' +
  'github gopath vendor golang samples first network crypto organizations peerorganizations ordererorganizations users user admin admins client server crt key cert certs pem keystore signcerts cacerts tlscacerts intermediatecerts tlsintermediatecerts admincerts production etcdraft wal snap index chains backup cluster scripts artifacts ' +
  'id created path args state status running paused restarting oomkilled dead pid exitcode startedat finishedat image config env cmd labels networks networksettings hostconfig containers aliases ipaddress gateway macaddress networkid endpointid ipamconfig dnsnames driver type bridge json file local syslog journald none max size platform linux amd64 arm64 windows hostname domainname compose project service number oneoff working dir files hash environment_file ' +
  'sha256 latest exited dead created removing stopped scope ipam options subnet bridge gossipscope recording manifest ended signal duration until disk full engine gone sidecar host terminal before later after br veth eth docker0 ' +
  'inspect later virtual machine volume bind mount rprivate private shared ' +
  'sleep echo grep cat ls cd set export env then fi do done while for if in true false awk sed tee jq wait function return exit default user anchor_peer setanchorpeer ' +
  'container network recorder start stop die kill pause unpause destroy rename restart connect disconnect exec_create exec_start exec_die oom health_status attach detach ' +
  'core logging spec vm endpoint address listenaddress chaincodeaddress chaincodelistenaddress bootstrap externalendpoint useleaderelection orgleader localmspid localmspdir enabled general listenport profile tls_enabled rootcert mode net path go jdoe sampleorg samplesystemchannel ' +
  'proto protos protobuf payload signature envelope endpoint pki metadata identity digests digest nonce tag empty membership timestamp alive_msg common orderer deliver endorser broadcast ';

const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/[a-z0-9\x80-\xff]+/g) ?? [];

/**
 * Words that name no network, in lower case: those of every known wording of Fabric's logs, of its loggers and settings, of Docker and of log layouts.
 * A name of a network that is such a word is never replaced where it stands alone: the record around it would not be understood any more.
 */
export function fabricVocabulary(): ReadonlySet<string> {
  const patterns = CATALOGUE.flatMap((p) => [p.message.source.replaceAll(/\\[a-zA-Z]|\(\?<\w+>/g, ' '), p.hint, ...p.loggers]);
  return new Set([...wordsOf(COMMON), ...patterns.flatMap(wordsOf)]);
}
