{{/*
The workloads as data (READ FIRST): how each is run, and whom it may reach. Pods, services, autoscalers and network
policies are made from this table, so that a new line of traffic is one word here.

kind          StatefulSet where a pod has a disk of its own or is addressed by name, else Deployment
reaches       our own workloads it calls
engines       engines it calls
archive       reads or writes the object store
internet      the DMZ: only fetchers, and they store nothing
public        called from outside the cluster
*/}}
{{- define "spiderduck.workloads" -}}
schedulers: {kind: StatefulSet, reaches: [fetchers, ids, images], engines: [cassandra, rabbitmq], archive: true, internet: false, public: false}
fetchers: {kind: StatefulSet, reaches: [fetchers], engines: [zookeeper, memcached], archive: false, internet: true, public: false}
api: {kind: Deployment, reaches: [fetchers, ids, images], engines: [cassandra, rabbitmq], archive: true, internet: false, public: true}
ids: {kind: StatefulSet, reaches: [ids], engines: [zookeeper], archive: false, internet: false, public: false}
images: {kind: StatefulSet, reaches: [fetchers, api], engines: [], archive: false, internet: false, public: true}
{{- end }}
