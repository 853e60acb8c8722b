"""The lab's nodes: namespaces with a real containerd each."""
