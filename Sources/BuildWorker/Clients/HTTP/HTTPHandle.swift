internal import CCurl
internal import Foundation
internal import FoundationNetworking
internal import Support

/// A libcurl easy handle for one request. Belongs to the engine's thread.
///
/// Never reused: libcurl 7.88 keeps a dangling pointer to the previous response's last header, and a folded line at the
/// start of the next response makes it write there (fixed in 8.7.0). The multi handle caches connections and DNS, so
/// new handles are cheap.
final class HTTPHandle {
    let easy: UnsafeMutableRawPointer
    /// Why the handle is unusable; `nil`: usable.
    package let problem: CURLcode?
    private let headers: UnsafeMutablePointer<curl_slist>?
    /// Memory that libcurl points into.
    private let files: [PEMFile.Content]
    /// libcurl's error buffer, valid as long as the handle exists.
    private let words = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    /// - Parameters:
    ///   - transfer: must live until it has ended.
    ///   - streams: the connection cache for streams.
    /// - Returns: `nil` if out of memory.
    init?(_ transfer: HTTPTransfer, streams: UnsafeMutableRawPointer) {
        guard let easy = curl_easy_init() else {
            self.words.deallocate()
            return nil
        }
        self.easy = easy
        let words = self.words
        words[0] = 0
        let (service, options, request) = (transfer.service, transfer.service.options, transfer.request)
        var code = CURLE_OK
        func must(_ result: CURLcode) { if code == CURLE_OK { code = result } }
        must(ccurl_set_error_buffer(easy, words))
        must(
            ccurl_set_receivers(
                easy, Self.receiveHeader, Self.receiveBody, Unmanaged.passUnretained(transfer).toOpaque()))
        must(ccurl_set_sockets(easy, service.hooks))

        must(ccurl_set_string(easy, CURLOPT_URL, request.url?.absoluteString))
        // An empty body still needs an address.
        must(
            request.httpBody.map { body in
                body.withUnsafeBytes { ccurl_set_body(easy, $0.baseAddress ?? UnsafeRawPointer(words), $0.count) }
            }
                ?? ccurl_set_body(easy, nil, 0))
        must(ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.httpMethod))
        var list: UnsafeMutablePointer<curl_slist>?
        func add(_ header: String) {
            guard let longer = curl_slist_append(list, header) else { return must(CURLE_OUT_OF_MEMORY) }
            list = longer
        }
        for (name, value) in request.allHTTPHeaderFields ?? [:] { add("\(name): \(value)") }
        // Without a value: removes libcurl's own header.
        add("Accept-Encoding:")
        add("Expect:")
        self.headers = list
        must(ccurl_set_list(easy, CURLOPT_HTTPHEADER, list))
        must(ccurl_set_string(easy, CURLOPT_USERAGENT, Self.userAgent))
        // Decodes responses of servers that compress unasked.
        must(ccurl_set_string(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate"))

        // Credentials only from headers, HTTP only; libcurl uses redirects, cookies and user files only if enabled.
        must(ccurl_set_long(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1))
        must(ccurl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https"))
        must(ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1))
        // Otherwise an unresponsive name server would block the thread when a request is cancelled.
        must(ccurl_set_long(easy, CURLOPT_QUICK_EXIT, 1))
        must(ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, options.limits.connect.milliseconds))
        // Empty: no proxy, whatever the environment says. The same for the list of exceptions.
        must(ccurl_set_string(easy, CURLOPT_PROXY, options.proxy?.exposed ?? ""))
        must(ccurl_set_string(easy, CURLOPT_NOPROXY, ""))
        must(ccurl_set_long(easy, CURLOPT_PROXY_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)))
        must(ccurl_set_string(easy, CURLOPT_PROXY_CAPATH, nil))
        must(ccurl_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1))

        must(ccurl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)))
        // The system's CA certificates are parsed once and cached, but only if they come from a single file.
        must(ccurl_set_string(easy, CURLOPT_CAPATH, nil))
        // A stream has a connection of its own: with a slow reader, libcurl 7.88 blocks all requests that share it. And
        // in the common cache it would make libcurl believe that the server does not speak HTTP/2.
        if transfer.isStream { must(ccurl_set_share(easy, streams)) }
        if options.isMultiplexed, !transfer.isStream {
            must(ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS)))
            must(ccurl_set_long(easy, CURLOPT_PIPEWAIT, 1))
        } else {
            must(ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)))
        }
        var files: [PEMFile.Content] = []
        func set(_ option: CURLoption, _ file: PEMFile?) {
            guard let file else { return }
            guard let content = file.current() else { return must(CURLE_SSL_CACERT_BADFILE) }
            files.append(content)
            must(ccurl_set_blob(easy, option, content.bytes.baseAddress, content.bytes.count))
        }
        set(CURLOPT_CAINFO_BLOB, options.authorities)
        set(CURLOPT_SSLCERT_BLOB, options.certificate)
        set(CURLOPT_SSLKEY_BLOB, options.key)
        self.files = files
        self.problem = code == CURLE_OK ? nil : code
    }

    deinit {
        curl_easy_cleanup(self.easy)
        curl_slist_free_all(self.headers)
        self.words.deallocate()
    }

    private static let userAgent = "\(Product.name)/\(Product.version)"

    private static let receiveHeader: ccurl_bytes = { bytes, one, count, context in
        guard let bytes, let context else { return 0 }
        let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
        let line = UnsafeRawBufferPointer(start: bytes, count: one * count)
        return transfer.receive(header: line) ? line.count : 0
    }

    private static let receiveBody: ccurl_bytes = { bytes, one, count, context in
        guard let bytes, let context else { return 0 }
        switch Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue().receive(
            body: UnsafeRawBufferPointer(start: bytes, count: one * count))
        {
        case .taken: return one * count
        case .pause: return Int(CURL_WRITEFUNC_PAUSE)
        case .end: return 0
        }
    }

    // MARK: Results

    /// The response's Content-Length; 0 if absent.
    var promisedBytes: Int { max(0, Int(ccurl_info_offset(self.easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T))) }
    var errorWords: String { String(cString: self.words) }
    var systemError: Int32 { Int32(truncatingIfNeeded: ccurl_info_long(self.easy, CURLINFO_OS_ERRNO)) }
    /// The proxy's response to CONNECT; 0: none.
    var proxyStatus: Int { ccurl_info_long(self.easy, CURLINFO_HTTP_CONNECTCODE) }
    var isConnected: Bool { ccurl_info_offset(self.easy, CURLINFO_PRETRANSFER_TIME_T) > 0 }

    var measurements: HTTPMeasurements {
        func time(_ info: CURLINFO) -> Duration { .microseconds(ccurl_info_offset(self.easy, info)) }
        let opened = ccurl_info_long(self.easy, CURLINFO_NUM_CONNECTS)
        let (connected, secured) = (time(CURLINFO_CONNECT_TIME_T), time(CURLINFO_APPCONNECT_TIME_T))
        return HTTPMeasurements(
            connectionsOpened: opened, connect: opened > 0 && connected > .zero ? connected : nil,
            handshake: opened > 0 && secured > connected ? secured - connected : nil,
            bytesSent: ccurl_info_long(self.easy, CURLINFO_REQUEST_SIZE)
                + Int(ccurl_info_offset(self.easy, CURLINFO_SIZE_UPLOAD_T)),
            bytesReceived: ccurl_info_long(self.easy, CURLINFO_HEADER_SIZE)
                + Int(ccurl_info_offset(self.easy, CURLINFO_SIZE_DOWNLOAD_T)))
    }
}

extension Duration {
    /// Rounded up, as for deadlines.
    var milliseconds: Int {
        let (seconds, attoseconds) = self.components
        return Int(clamping: seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
