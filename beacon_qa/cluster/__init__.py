"""Several machines, by Ray: a library of books read by many, and a server of many replicas.

    connecting  Ray itself: found, connected to, and divided among workers
    lease       how workers know that they are still wanted
    job         what every worker does it with: a model and a shelf, which all machines share
    library     books read by a fixed number of workers (Ray Data)
    replicas    the server of beacon_qa.server, several times behind one address (Ray Serve)

Only here is Ray known, and it is imported when it is asked for. Whatever a worker does, it does as
the local program would, with the same rooms; the machines meet on the shelf alone.
"""
