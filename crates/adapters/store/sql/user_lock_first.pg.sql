-- Two first setups at a time wait for each other.
LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE
