@_exported public import GembaCRDT
@_exported public import GembaCausality
@_exported public import GembaFloor
@_exported public import GembaNode
@_exported public import GembaStore
@_exported public import GembaTrust
@_exported public import GembaWire
@_exported public import GembaZeroMQ
