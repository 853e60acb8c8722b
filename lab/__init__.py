"""AWS on one machine: moto extended with what it lacks, real nodes and a real registry."""
